import { reading } from "#app/db.server.ts";
import type { DayOfCalls } from "#app/domain/calls-per-day.server.ts";
import type { Company } from "#app/domain/companies.server.ts";
import { overviewOf } from "#app/domain/overview.server.ts";
import { callersHear } from "#app/http/call-handling-words.server.ts";
import { shownCall, type ShownCall } from "#app/http/shown-call.server.ts";
import { shownTimeZone } from "#app/http/shown-time.server.ts";

/** Calls by day, the first day first, in columns, which take fewer bytes in a page than rows. */
export interface ShownDays {
  /** the first day, `2026-11-22` */
  first: string;
  calls: number[];
  answered: number[];
  message: number[];
  missed: number[];
}

/** The steps after choosing a number, and whether each is done. */
export interface Steps {
  heard: boolean;
  rung: boolean;
  codes: boolean;
}

/** What the dashboard shows about a company with a number. */
export interface ShownOverview {
  recent: ShownCall[];
  days: ShownDays;
  /** the company has had a call: its number is known to work */
  called: boolean;
  /** the company's first call, while it is news */
  proof: ShownCall | null;
  /** the name of the time zone used throughout */
  timeZone: string;
  /** what follows “Callers hear:” */
  hears: string;
  /** null once all are done and the last is no longer news */
  steps: Steps | null;
  emailVerified: boolean;
}

const recentCount = 5;
const chartDays = 14;
/** Milliseconds for which the first call is news. */
const newsFor = 60 * 60 * 1000;

/** @param demo whether its number takes no calls, so that nobody need wait for one */
export async function shownOverview(
  { id, timeZone }: Company,
  demo: boolean,
): Promise<ShownOverview | null> {
  const overview = await overviewOf(reading(), id, {
    calls: recentCount,
    days: chartDays,
    timeZone,
  });
  if (!overview) return null;
  const { first, handlingSaved, hasRecoveryCodes } = overview;
  const called = overview.recent.length > 0;
  const isNews = first !== undefined && Date.now() - Date.parse(first.startedAt) < newsFor;
  const allDone = handlingSaved && hasRecoveryCodes && (called || demo);
  return {
    recent: overview.recent.map((call) => shownCall(call, timeZone)),
    days: byColumn(overview.days),
    called,
    proof: isNews ? shownCall(first, timeZone) : null,
    timeZone: shownTimeZone(timeZone),
    hears: callersHear(overview.handling),
    steps:
      allDone && !isNews ? null : { heard: handlingSaved, rung: called, codes: hasRecoveryCodes },
    emailVerified: overview.emailVerified,
  };
}

const byColumn = (days: DayOfCalls[]): ShownDays => ({
  first: days[0]!.day,
  calls: days.map(({ calls }) => calls),
  answered: days.map(({ answered }) => answered),
  message: days.map(({ message }) => message),
  missed: days.map(({ missed }) => missed),
});
