import { data, type MetaFunction } from "@remix-run/node";
import { Link, Outlet, useLoaderData } from "@remix-run/react";
import { Banner } from "#app/components/Banner.tsx";
import { refreshBehind } from "#app/components/refresh.ts";
import { ConfigurePhone } from "#app/components/ConfigurePhone.tsx";
import { Overview } from "#app/components/Overview.tsx";
import { Main } from "#app/components/Main.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { NumberAlarm } from "#app/components/NumberAlarm.tsx";
import { PhoneNumber } from "#app/components/PhoneNumber.tsx";
import { reading } from "#app/db.server.ts";
import { sendsMail } from "#app/domain/mail-queue.server.ts";
import { isEmailVerified } from "#app/domain/verified-emails.server.ts";
import { takeNews } from "#app/http/news.server.ts";
import { numberAlarm } from "#app/http/number-alarm.server.ts";
import { companyLoader } from "#app/http/page.server.ts";
import { shownNumberOf } from "#app/http/shown-number.server.ts";
import { shownOverview } from "#app/http/shown-overview.server.ts";

export const meta: MetaFunction = () => privatePageTitle("Dashboard");

export const loader = companyLoader(async ({ company, ...asked }) => {
  const number = shownNumberOf(company);
  const overview = number && (await shownOverview(company, number.demo));
  const alarm = number && (await numberAlarm(asked, company, overview?.recent ?? []));
  const { isNews, headers } = await takeNews(asked, "assigned");
  const justAssigned = isNews && number !== null;
  const isVerified = async () =>
    overview?.emailVerified ?? (await isEmailVerified(reading(), company.id));
  const unverified = sendsMail() && !(await isVerified()) ? company.email : null;
  return data(
    { companyName: company.companyName, number, overview, alarm, justAssigned, unverified },
    { headers },
  );
});

export const shouldRevalidate = refreshBehind;

export default function Dashboard() {
  const { companyName, number, overview, alarm, justAssigned, unverified } =
    useLoaderData<typeof loader>();
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
        {number && alarm && <NumberAlarm number={number} alarm={alarm} />}
        {number && overview ? (
          <Overview number={number} overview={overview} />
        ) : (
          <section className="card" aria-labelledby="number">
            <h2 id="number">Your phone number</h2>
            <ConfigurePhone to="/dashboard/choose-number">
              You don't have a number yet. Choose one, and your company keeps it for good.
            </ConfigurePhone>
          </section>
        )}
      </Main>
      <Outlet />
    </>
  );
}
