import { dayAfter, dayIn } from "#app/domain/days.ts";

/** A time as pages show it. */
export interface ShownTime {
  /** RFC 3339, UTC */
  at: string;
  /** `22 Nov 2026, 10:00 GMT`, in the company's zone */
  shown: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** @param timeZone IANA name, as a company has it */
export function shownTime(at: string, timeZone: string): ShownTime {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      timeZoneName: "short",
      timeZone,
    });
    formats.set(timeZone, format);
  }
  return { at, shown: format.format(new Date(at)) };
}

const forDay = (timeZone: string): [date: Intl.DateTimeFormat, time: Intl.DateTimeFormat] => {
  let pair = pairs.get(timeZone);
  if (!pair) {
    pair = [
      new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone }),
      new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone }),
    ];
    pairs.set(timeZone, pair);
  }
  return pair;
};
const pairs = new Map<string, [Intl.DateTimeFormat, Intl.DateTimeFormat]>();

/** `Today 15:25`, `Yesterday 09:10`, `22 Nov 2026, 10:00`: in the company's zone, which the page names. */
export function shownMoment(at: string, timeZone: string, now = new Date()): string {
  const moment = new Date(at);
  const [date, time] = forDay(timeZone);
  const today = dayIn(timeZone, now);
  const day = dayIn(timeZone, moment);
  if (day === today) return `Today ${time.format(moment)}`;
  if (day === dayAfter(today, -1)) return `Yesterday ${time.format(moment)}`;
  return `${date.format(moment)}, ${time.format(moment)}`;
}

/** What a zone is called where times stand in it: `Irish Standard Time (Europe/Dublin)`, `UTC`. */
export function shownTimeZone(timeZone: string, now = new Date()): string {
  if (timeZone === "UTC") return "UTC";
  const name = new Intl.DateTimeFormat("en-GB", { timeZone, timeZoneName: "longGeneric" })
    .formatToParts(now)
    .find(({ type }) => type === "timeZoneName")?.value;
  return name === undefined ? timeZone : `${name} (${timeZone})`;
}

/** `22 November 2026`: the day that it was in the company's zone. */
export function shownDate(at: string, timeZone: string): string {
  return longDate.format(new Date(dayIn(timeZone, new Date(at))));
}

const longDate = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
