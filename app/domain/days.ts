import { remember } from "#app/domain/remember.ts";

/** Days of a time zone: 23, 24 or 25 hours long, and never quite UTC's. */

/** A day, from its first moment to the next day's. */
export interface Day {
  /** `2026-11-22` */
  day: string;
  from: Date;
  until: Date;
}

const formatOf = remember(
  (timeZone) =>
    new Intl.DateTimeFormat("en-CA", {
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      timeZone,
    }),
);

/** The date in `timeZone` (IANA) at a time: `2026-11-22`. */
export function dayIn(timeZone: string, at: Date): string {
  return formatOf(timeZone).format(at);
}

/** `2026-11-22` plus so many days. */
export function dayAfter(day: string, days: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

const minute = 60_000;

/** The first moment of a day, even if the clocks go forward at midnight. @param day `2026-11-22` */
export function startOfDay(timeZone: string, day: string): Date {
  const midnight = Date.parse(`${day}T00:00:00Z`) / minute;
  // Zones are from 12 hours behind UTC to 14 before it.
  let [before, after] = [midnight - 15 * 60, midnight + 13 * 60];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (dayIn(timeZone, new Date(middle * minute)) < day) before = middle;
    else after = middle;
  }
  return new Date(after * minute);
}

/** The last `count` days, today last. */
export function lastDays(timeZone: string, count: number, now = new Date()): Day[] {
  return daysUntil(`${timeZone} ${dayIn(timeZone, now)} ${count}`);
}

const daysUntil = remember((key): Day[] => {
  const [timeZone = "", today = "", count] = key.split(" ");
  const starts = Array.from({ length: Number(count) + 1 }, (_, index) => {
    const day = dayAfter(today, index + 1 - Number(count));
    return { day, from: startOfDay(timeZone, day) };
  });
  return starts
    .slice(0, -1)
    .map(({ day, from }, index) => ({ day, from, until: starts[index + 1]!.from }));
});
