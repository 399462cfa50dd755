import type { ShownDays } from "#app/http/shown-overview.server.ts";

/**
 * The chart of calls per day and the table of its numbers, as HTML: it is on the page that is
 * opened most, and each of its two hundred elements would cost React more than all of them cost
 * here. It contains only numbers and fixed words.
 */

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** Outcomes of calls, in the order in which they are stacked, from the bottom. */
export const stacked = [
  ["answered", "Answered"],
  ["message", "Message"],
  ["missed", "Missed"],
  ["other", "Other"],
] as const;

/** A day of the chart. */
interface Day {
  /** `2026-11-22` */
  day: string;
  weekday: string;
  /** `22 November` */
  name: string;
  calls: number;
  /** how many of each of {@link stacked} */
  counts: number[];
}

/**
 * The days with their names; calls that were neither answered, missed nor a message are “other”.
 */
export function namedDays({ first, calls, answered, message, missed }: ShownDays): Day[] {
  const at = Date.parse(first);
  return calls.map((all, index) => {
    const date = new Date(at + index * 24 * 60 * 60 * 1000);
    const counts = [answered, message, missed].map((column) => column[index] ?? 0);
    return {
      day: date.toISOString().slice(0, 10),
      weekday: weekdays[date.getUTCDay()]!,
      name: `${date.getUTCDate()} ${months[date.getUTCMonth()]}`,
      calls: all,
      counts: [...counts, all - counts.reduce((sum, one) => sum + one, 0)],
    };
  });
}

/** Which of {@link stacked} the chart has: there may be no “other” calls. */
export function shownOutcomes(days: Day[]): boolean[] {
  return stacked.map(([key], index) => key !== "other" || days.some((day) => day.counts[index]));
}

// In percent of the drawing, which stretches while its text keeps its size.
const top = 12;
const bottom = 84;

/** A bar per day; each part has its own pattern, so nobody needs to tell colours apart. */
export function chartMarkup(days: Day[]): string {
  const most = Math.max(...days.map(({ calls }) => calls));
  const step = 100 / days.length;
  const percent = (value: number) => `${Math.round(value * 100) / 100}%`;
  const bars = days.map(({ weekday, calls, counts }, index) => {
    const middle = percent(step * (index + 0.5));
    let y = bottom;
    const parts = counts.map((count, which) => {
      if (count === 0) return "";
      const height = ((bottom - top) * count) / most;
      y -= height;
      return `<rect class="${stacked[which]![0]}" x="${percent(step * (index + 0.14))}" y="${percent(y)}" width="${percent(step * 0.72)}" height="${percent(height)}"/>`;
    });
    // Longer numbers would run into each other.
    const isLabelled = calls > 0 && (most < 100 || calls === most);
    const label = isLabelled
      ? `<text x="${middle}" y="${percent(y)}" dy="-5">${calls}</text> `
      : "";
    return `${parts.join("")}<text class="axis" x="${middle}" y="100%" dy="-6">${weekday[0]}<tspan class="rest">${weekday.slice(1)}</tspan></text> ${label}`;
  });
  return `${patterns}${bars.join("")}<line x1="0" x2="100%" y1="${bottom}%" y2="${bottom}%"/>`;
}

const patterns = `<defs><pattern id="of-message" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="ground" width="6" height="6"/><circle cx="3" cy="3" r="1.7"/></pattern><pattern id="of-missed" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="ground" width="5" height="5"/><rect width="3" height="5"/></pattern></defs>`;

/** The chart in a sentence; not a `<title>`, which lynx would take for the page's. */
export function chartSummary(days: Day[]): string {
  const most = days.reduce((one, other) => (other.calls > one.calls ? other : one));
  return `Bar chart of calls a day: the most, ${most.calls}, on ${most.name}.`;
}

/** The same as a table's contents. */
export function tableMarkup(days: Day[]): string {
  const shown = shownOutcomes(days);
  const numbers = (all: readonly (string | number)[], tag: string) =>
    all
      .filter((_, index) => index === 0 || shown[index - 1])
      .map((one) => `<${tag} class="number">${one}</${tag.slice(0, 2)}>`)
      .join("");
  const rows = days.map(
    ({ day, weekday, name, calls, counts }) =>
      `<tr><th scope="row"><time datetime="${day}">${weekday} ${name.slice(0, name.indexOf(" ") + 4)}</time></th>${numbers([calls, ...counts], "td")}</tr>`,
  );
  const head = ["Calls", ...stacked.map(([, label]) => label)];
  return `<caption class="visually-hidden">Calls on each day</caption><thead><tr><th scope="col">Day</th>${numbers(head, `th scope="col"`)}</tr></thead><tbody>${rows.join("")}</tbody>`;
}
