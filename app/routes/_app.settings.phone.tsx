import { data, type MetaFunction } from "@remix-run/node";
import { Link, Outlet, useLoaderData } from "@remix-run/react";
import { Banner } from "#app/components/Banner.tsx";
import { refreshBehind } from "#app/components/refresh.ts";
import { ConfigurePhone } from "#app/components/ConfigurePhone.tsx";
import { CopyButton } from "#app/components/CopyButton.tsx";
import { Main } from "#app/components/Main.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { PhoneNumber } from "#app/components/PhoneNumber.tsx";
import { takeNews } from "#app/http/news.server.ts";
import { companyLoader } from "#app/http/page.server.ts";
import { shownNumberOf, type ShownNumber } from "#app/http/shown-number.server.ts";

export const meta: MetaFunction = () => privatePageTitle("Phone Configuration");

export const loader = companyLoader(async ({ company, ...asked }) => {
  const { isNews, headers } = await takeNews(asked, "already-has-number");
  return data({ number: shownNumberOf(company), hadOneAlready: isNews }, { headers });
});

export const shouldRevalidate = refreshBehind;

export default function PhoneConfiguration() {
  const { number, hadOneAlready } = useLoaderData<typeof loader>();
  return (
    <>
      <Main>
        {number && hadOneAlready && (
          <Banner>Your company already has a number. It can't be changed.</Banner>
        )}
        <p className="over-heading">
          <Link to="/settings">Settings</Link>
        </p>
        <h1 tabIndex={-1}>Phone Configuration</h1>
        <section className="card" aria-label="Your phone number">
          {number ? (
            <NumberOf number={number} />
          ) : (
            <ConfigurePhone to="/settings/phone/choose">
              You don't have a number yet.
            </ConfigurePhone>
          )}
        </section>
      </Main>
      <Outlet />
    </>
  );
}

function NumberOf({ number }: { number: ShownNumber }) {
  return (
    <>
      <dl>
        <dt>Phone number</dt>
        <dd className="own-number">
          <PhoneNumber>{number.shown}</PhoneNumber>
          <CopyButton text={number.phoneNumber} what="phone number" />
        </dd>
      </dl>
      <p className="hint">
        Assigned <time dateTime={number.assignedAt}>{number.since}</time>. Permanent.
      </p>
      {number.demo && <p className="hint">It is a demo number: demo numbers take no calls.</p>}
    </>
  );
}
