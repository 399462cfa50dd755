import { dayAfter, dayIn } from "#app/domain/days.ts";
import { remember } from "#app/domain/remember.ts";

/** A time as pages show it. */
export interface ShownTime {
  /** RFC 3339, UTC */
  at: string;
  /** `22 Nov 2026, 10:00 GMT`, in the company's zone */
  shown: string;
}

/** @param timeZone IANA name, as a company has it */
export function shownTime(at: string, timeZone: string): ShownTime {
  return { at, shown: inFull(timeZone).format(new Date(at)) };
}

const inFull = remember(
  (timeZone) =>
    new Intl.DateTimeFormat("en-GB", {
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      timeZoneName: "short",
      timeZone,
    }),
);
const shortDate = remember(
  (timeZone) => new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone }),
);
const shortTime = remember(
  (timeZone) => new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone }),
);

/**
 * `Today 15:25`, `Yesterday 09:10`, `22 Nov 2026, 10:00`: in the company's zone, which the page
 * names.
 */
export function shownMoment(at: string, timeZone: string, now = new Date()): string {
  const moment = new Date(at);
  const time = shortTime(timeZone).format(moment);
  const today = dayIn(timeZone, now);
  const day = dayIn(timeZone, moment);
  if (day === today) return `Today ${time}`;
  if (day === dayAfter(today, -1)) return `Yesterday ${time}`;
  return `${shortDate(timeZone).format(moment)}, ${time}`;
}

/** `15:25`, in the company's zone, for times listed under their day. */
export function shownClock(at: string, timeZone: string): string {
  return shortTime(timeZone).format(new Date(at));
}

/**
 * `Today`, `Yesterday`, `23 November`, of another year `23 November 2025`: the day in the company's
 * zone.
 */
export function shownDay(at: string, timeZone: string, now = new Date()): string {
  const today = dayIn(timeZone, now);
  const day = dayIn(timeZone, new Date(at));
  if (day === today) return "Today";
  if (day === dayAfter(today, -1)) return "Yesterday";
  const format = day.slice(0, 4) === today.slice(0, 4) ? dayAndMonth : longDate;
  return format.format(new Date(day));
}

/** The name of a zone, as shown beside its times: `Irish Standard Time (Europe/Dublin)`, `UTC`. */
export const shownTimeZone: (timeZone: string) => string = remember((timeZone) => {
  if (timeZone === "UTC") return "UTC";
  const name = new Intl.DateTimeFormat("en-GB", { timeZone, timeZoneName: "longGeneric" })
    .formatToParts()
    .find(({ type }) => type === "timeZoneName")?.value;
  return name === undefined ? timeZone : `${name} (${timeZone})`;
});

/** `22 November 2026`: the date in the company's zone. */
export function shownDate(at: string, timeZone: string): string {
  return longDate.format(new Date(dayIn(timeZone, new Date(at))));
}

const longDate = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
const dayAndMonth = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "long",
  timeZone: "UTC",
});
