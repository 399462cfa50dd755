import type { ShownDay } from "#app/http/shown-call.server.ts";

/** How many calls came on each day: a chart for the eye, and its numbers as a table. */
export function CallsPerDay({ days, timeZone }: { days: ShownDay[]; timeZone: string }) {
  const all = days.reduce((sum, { calls }) => sum + calls, 0);
  const first = days[0]?.name;
  const last = days.at(-1)?.name;
  return (
    <figure className="calls-per-day">
      <figcaption>
        {counted(all)} from {first} to {last}, by day in {timeZone}
      </figcaption>
      <BarChart days={days} />
      <details>
        <summary>Show the numbers</summary>
        <table>
          <caption className="visually-hidden">Calls on each day</caption>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col" className="number">
                Calls
              </th>
            </tr>
          </thead>
          <tbody>
            {days.map(({ day, name, calls }) => (
              <tr key={day}>
                <th scope="row">
                  <time dateTime={day}>{name}</time>
                </th>
                <td className="number">{calls}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}

// In percent of the drawing, which stretches while its text keeps the page's size.
const top = 14;
const bottom = 86;

function BarChart({ days }: { days: ShownDay[] }) {
  const most = Math.max(1, ...days.map(({ calls }) => calls));
  const step = 100 / days.length;
  // A longer number would run into the next.
  const labelled = (calls: number) => calls > 0 && (most < 100 || calls === most);
  return (
    <svg role="img" aria-labelledby="calls-per-day" height="180" width="100%">
      <title id="calls-per-day">{summary(days)}</title>
      {days.map(({ day, calls }, index) => {
        const height = ((bottom - top) * calls) / most;
        const middle = `${step * (index + 0.5)}%`;
        return (
          <g key={day}>
            <rect
              x={`${step * (index + 0.15)}%`}
              y={`${bottom - height}%`}
              width={`${step * 0.7}%`}
              height={`${height}%`}
              rx="2"
            />
            {labelled(calls) && (
              <text x={middle} y={`${bottom - height}%`} dy="-5">
                {calls}
              </text>
            )}
            <text
              x={middle}
              y="100%"
              dy="-5"
              className={(days.length - index) % 2 ? "axis" : "axis between"}
            >
              {Number(day.slice(-2))}
            </text>
          </g>
        );
      })}
      <line x1="0" x2="100%" y1={`${bottom}%`} y2={`${bottom}%`} />
    </svg>
  );
}

function counted(calls: number): string {
  return `${calls.toLocaleString("en-GB")} ${calls === 1 ? "call" : "calls"}`;
}

function summary(days: ShownDay[]): string {
  const most = days.reduce((one, other) => (other.calls > one.calls ? other : one));
  return most.calls === 0
    ? "Bar chart: no calls on any of these days."
    : `Bar chart of calls a day: the most, ${most.calls}, on ${most.name}.`;
}
