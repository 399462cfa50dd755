import { callerPatterns, type CallFilter } from "#app/domain/call-filter.server.ts";
import { dayAfter, startOfDay } from "#app/domain/days.ts";
import type { FieldErrors } from "#app/http/fields.ts";
import { askedOutcome, type ShownOutcome } from "#app/http/shown-call.server.ts";
import type { Asked } from "#app/server/exchange.server.ts";

/** Which calls the address of a page or of the export asks for. */

/** A filter as its form has it; empty fields mean all calls. */
export interface TypedFilter {
  outcome: ShownOutcome | "";
  search: string;
  /** the first day, `2026-11-22`; `until` is the last */
  since: string;
  until: string;
}

export interface AskedCalls {
  typed: TypedFilter;
  filter: CallFilter;
  /** what is wrong with the input, if anything */
  errors: FieldErrors | undefined;
}

/** @param timeZone the company's, whose days are meant */
export function askedCalls(query: URLSearchParams, timeZone: string): AskedCalls {
  const typed = typedFilter(query);
  const { search, since, until } = typed;
  const outcome = typed.outcome === "" ? undefined : typed.outcome;
  const errors: FieldErrors = {};
  if (search !== "" && callerPatterns(search).length === 0) {
    errors.search = "Type digits of the caller's number.";
  }
  if (since !== "" && !isDay(since)) errors.since = "Enter a day like 2026-11-22.";
  if (until !== "" && !isDay(until)) errors.until = "Enter a day like 2026-11-22.";
  if (!errors.since && !errors.until && since !== "" && until !== "" && until < since) {
    errors.until = "The last day must not be before the first.";
  }
  if (Object.keys(errors).length > 0) return { typed, filter: { outcome }, errors };
  const filter = {
    outcome,
    search,
    since: since === "" ? undefined : startOfDay(timeZone, since),
    until: until === "" ? undefined : startOfDay(timeZone, dayAfter(until, 1)),
  };
  return { typed, filter, errors: undefined };
}

function typedFilter(query: URLSearchParams): TypedFilter {
  const text = (name: string) => (query.get(name) ?? "").trim().slice(0, 40);
  return {
    outcome: askedOutcome(query.get("outcome")) ?? "",
    search: text("search"),
    since: text("since"),
    until: text("until"),
  };
}

/**
 * The page of calls that somebody came from: the address of an action on one of its calls carries
 * it.
 */
export function cameFrom({
  request,
}: Pick<Asked, "request">): [typed: TypedFilter, cursor: string] {
  const query = new URL(request.url).searchParams;
  return [typedFilter(query), query.get("cursor") ?? ""];
}

// Only years in which people and databases have dates.
function isDay(text: string): boolean {
  return /^(19|20|21)\d\d-\d\d-\d\d$/.test(text) && dayOf(text) === text;
}

function dayOf(text: string): string | undefined {
  const at = new Date(`${text}T00:00:00Z`);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString().slice(0, 10);
}
