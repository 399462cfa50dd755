import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { callNews, CallNews } from "#app/components/CallNews.tsx";
import { callsAddress } from "#app/components/calls-address.ts";
import { CallFilter } from "#app/components/CallFilter.tsx";
import { CallTable } from "#app/components/CallTable.tsx";
import { ConfigurePhone } from "#app/components/ConfigurePhone.tsx";
import { Main } from "#app/components/Main.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { HowToTest } from "#app/components/RingTest.tsx";
import { reading } from "#app/db.server.ts";
import { listCalls } from "#app/domain/calls.server.ts";
import { takeNews } from "#app/http/news.server.ts";
import { companyLoader } from "#app/http/page.server.ts";
import { askedOutcome, outcomeLabels, shownCall } from "#app/http/shown-call.server.ts";
import { shownNumberOf } from "#app/http/shown-number.server.ts";
import { shownTimeZone } from "#app/http/shown-time.server.ts";

export const meta: MetaFunction = () => privatePageTitle("Calls");

const callsPerPage = 25;

export const loader = companyLoader(async ({ company, query, ...asked }) => {
  const outcome = askedOutcome(query.get("outcome"));
  const cursor = query.get("cursor") ?? undefined;
  const page = await listCalls(reading(), company.id, {
    limit: callsPerPage,
    cursor,
    outcome,
  });
  if (!page.ok) throw redirect(callsAddress(outcome));
  const { news = null, headers } = await takeNews(asked, ...callNews);
  return data(
    {
      news,
      calls: page.calls.map((call) => shownCall(call, company.timeZone)),
      timeZone: shownTimeZone(company.timeZone),
      outcome: outcome ?? null,
      outcomes: Object.entries(outcomeLabels),
      kind: outcome ? outcomeLabels[outcome] : "All calls",
      older: page.nextCursor,
      isFirst: cursor === undefined,
      number: shownNumberOf(company),
    },
    { headers },
  );
});

export default function Calls() {
  const { calls, outcome, outcomes, kind, older, isFirst, news, timeZone } =
    useLoaderData<typeof loader>();
  return (
    <Main>
      <CallNews news={news} />
      <h1 tabIndex={-1}>Calls</h1>
      {calls.length === 0 && outcome === null && isFirst ? (
        <NoCallsYet />
      ) : (
        <>
          <CallFilter outcome={outcome} outcomes={outcomes} />
          <section className="card" aria-label={kind}>
            {calls.length === 0 ? (
              <p>No calls like that.</p>
            ) : (
              <>
                <p className="hint">Times are in {timeZone}.</p>
                <CallTable calls={calls} caption={`${kind}, newest first`} />
              </>
            )}
            {(!isFirst || older !== null) && (
              <p className="actions">
                {!isFirst && (
                  <Link className="button secondary" to={callsAddress(outcome)}>
                    Newest calls
                  </Link>
                )}
                {older !== null && (
                  <Link className="button secondary" to={callsAddress(outcome, older)}>
                    Older calls
                  </Link>
                )}
              </p>
            )}
          </section>
        </>
      )}
    </Main>
  );
}

function NoCallsYet() {
  const { number } = useLoaderData<typeof loader>();
  return (
    <section className="card" aria-label="All calls">
      {number === null ? (
        <ConfigurePhone to="/dashboard/choose-number">
          No calls yet. You need a number first.
        </ConfigurePhone>
      ) : (
        <p>
          No calls yet. <HowToTest number={number} />
        </p>
      )}
    </section>
  );
}
