import { Link } from "@remix-run/react";
import { namedDays } from "#app/components/calls-chart.ts";
import type { ShownDays } from "#app/http/shown-overview.server.ts";

const tiles = [
  ["missed", "Missed"],
  ["message", "Messages"],
  ["answered", "Answered"],
] as const;

/** Totals of the last seven days' calls by outcome, each a link into the log. */
export function CallTiles({ days }: { days: ShownDays }) {
  const since = namedDays(days).at(-7)?.day;
  return (
    <section className="card" aria-labelledby="this-week">
      <h2 id="this-week">Last 7 days</h2>
      <ul className="tiles">
        {tiles.map(([outcome, label]) => (
          <li key={outcome} className={outcome}>
            <Link to={`/calls?outcome=${outcome}&since=${since}`}>
              <strong>{days[outcome].slice(-7).reduce((sum, count) => sum + count, 0)}</strong>{" "}
              {label}
            </Link>{" "}
          </li>
        ))}
      </ul>
    </section>
  );
}
