import { data, type MetaFunction } from "@remix-run/node";
import { Link, Outlet, useLoaderData } from "@remix-run/react";
import { Banner } from "#app/components/Banner.tsx";
import { refreshBehind } from "#app/components/ChooseNumber.tsx";
import { ConfigurePhone } from "#app/components/ConfigurePhone.tsx";
import { DashboardCalls } from "#app/components/DashboardCalls.tsx";
import { Main } from "#app/components/Main.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { PhoneNumber } from "#app/components/PhoneNumber.tsx";
import { reading } from "#app/db.server.ts";
import { sendsMail } from "#app/domain/mail-queue.server.ts";
import { isEmailVerified } from "#app/domain/verified-emails.server.ts";
import { takeNews } from "#app/http/news.server.ts";
import { companyLoader } from "#app/http/page.server.ts";
import { callsOnDashboard } from "#app/http/shown-call.server.ts";
import { shownNumberOf, type ShownNumber } from "#app/http/shown-number.server.ts";

export const meta: MetaFunction = () => privatePageTitle("Dashboard");

export const loader = companyLoader(async ({ company, ...asked }) => {
  const number = shownNumberOf(company);
  const calls = number && (await callsOnDashboard(company.id));
  const { isNews, headers } = await takeNews(asked, "assigned");
  const justAssigned = isNews && number !== null;
  const unverified =
    sendsMail() && !(await isEmailVerified(reading(), company.id)) ? company.email : null;
  return data(
    { companyName: company.companyName, number, calls, justAssigned, unverified },
    { headers },
  );
});

export const shouldRevalidate = refreshBehind;

export default function Dashboard() {
  const { companyName, number, calls, justAssigned, unverified } = useLoaderData<typeof loader>();
  return (
    <>
      <Main>
        {number && justAssigned && (
          <Banner dismissTo="/dashboard">
            <PhoneNumber>{number.shown}</PhoneNumber> is your number.
          </Banner>
        )}
        <p className="over-heading">
          <bdi>{companyName}</bdi>
        </p>
        <h1 tabIndex={-1}>Dashboard</h1>
        {unverified !== null && (
          <p className="hint">
            We sent a link to <bdi>{unverified}</bdi>: follow it to confirm your email address, or{" "}
            <Link to="/settings/email">have it sent again, or change it</Link>.
          </p>
        )}
        <section className="card" aria-labelledby="number">
          <h2 id="number">Your phone number</h2>
          {number ? (
            <NumberOf number={number} />
          ) : (
            <ConfigurePhone to="/dashboard/choose-number">
              You don't have a number yet. Choose one, and your company keeps it for good.
            </ConfigurePhone>
          )}
        </section>
        {number && calls && <DashboardCalls number={number} calls={calls} />}
      </Main>
      <Outlet />
    </>
  );
}

function NumberOf({ number }: { number: ShownNumber }) {
  return (
    <>
      <p className="own-number">
        <PhoneNumber>{number.shown}</PhoneNumber>
      </p>
      <p className="hint">
        Yours since <time dateTime={number.assignedAt}>{number.since}</time>
      </p>
    </>
  );
}
