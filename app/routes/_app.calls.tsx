import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { callNews, CallNews } from "#app/components/CallNews.tsx";
import { callsAddress } from "#app/components/calls-address.ts";
import { CallFilter } from "#app/components/CallFilter.tsx";
import { CallTable } from "#app/components/CallTable.tsx";
import { ErrorSummary } from "#app/components/ErrorSummary.tsx";
import { Main } from "#app/components/Main.tsx";
import { NoCallsYet } from "#app/components/NoCallsYet.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { reading } from "#app/db.server.ts";
import { countCalls } from "#app/domain/call-filter.server.ts";
import { listCalls } from "#app/domain/calls.server.ts";
import { askedCalls } from "#app/http/asked-calls.server.ts";
import { callTabs } from "#app/http/call-tabs.server.ts";
import { takeNews } from "#app/http/news.server.ts";
import { companyLoader } from "#app/http/page.server.ts";
import { outcomeLabels, shownCall } from "#app/http/shown-call.server.ts";
import { shownNumberOf } from "#app/http/shown-number.server.ts";
import { shownTimeZone } from "#app/http/shown-time.server.ts";

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle("Calls", data?.errors !== undefined);

const callsPerPage = 25;

export const loader = companyLoader(async ({ company, query, ...asked }) => {
  const { typed, filter, errors } = askedCalls(query, company.timeZone);
  const cursor = query.get("cursor") ?? undefined;
  const [page, counts] = await Promise.all([
    listCalls(reading(), company.id, { limit: callsPerPage, cursor, ...filter }),
    countCalls(reading(), company.id, filter),
  ]);
  if (!page.ok) throw redirect(callsAddress(typed));
  const { news = null, headers } = await takeNews(asked, ...callNews);
  return data(
    {
      news,
      calls: errors ? [] : page.calls.map((call) => shownCall(call, company.timeZone)),
      timeZone: shownTimeZone(company.timeZone),
      typed,
      errors,
      tabs: callTabs(counts, typed),
      kind: typed.outcome === "" ? "All calls" : outcomeLabels[typed.outcome],
      /** this page's own query, for actions that lead back to it */
      query: callsAddress(typed, cursor, ""),
      older: errors ? null : page.nextCursor,
      searchesOn: page.calls.length < callsPerPage,
      isFirst: cursor === undefined,
      number: shownNumberOf(company),
    },
    { headers },
  );
});

export default function Calls() {
  const { calls, typed, errors, tabs, isFirst, news, query, number } =
    useLoaderData<typeof loader>();
  const hasNone =
    !errors && calls.length === 0 && isFirst && Object.values(typed).every((value) => value === "");
  return (
    <Main>
      <CallNews news={news} dismissTo={`/calls${query}`} />
      {errors && <ErrorSummary errors={errors} />}
      <h1 tabIndex={-1}>Calls</h1>
      {hasNone ? (
        <NoCallsYet number={number} />
      ) : (
        <>
          <CallFilter typed={typed} errors={errors} tabs={tabs} />
          {!errors && <FoundCalls />}
        </>
      )}
    </Main>
  );
}

function FoundCalls() {
  const { calls, typed, kind, query, older, searchesOn, isFirst, timeZone } =
    useLoaderData<typeof loader>();
  return (
    <section className="card" aria-label={kind}>
      {calls.length === 0 ? (
        <p>{older === null ? "No calls like that." : "None among the calls looked at so far."}</p>
      ) : (
        <>
          <p className="hint">Times are in {timeZone}.</p>
          <CallTable calls={calls} caption={`${kind}, newest first`} query={query} />
        </>
      )}
      {(!isFirst || older !== null) && (
        <p className="actions">
          {!isFirst && (
            <Link className="button secondary" to={callsAddress(typed)}>
              Newest calls
            </Link>
          )}{" "}
          {older !== null && (
            <Link className="button secondary" to={callsAddress(typed, older)}>
              {searchesOn ? "Search on" : "Older calls"}
            </Link>
          )}
        </p>
      )}
    </section>
  );
}
