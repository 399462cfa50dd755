import {
  chartMarkup,
  chartSummary,
  namedDays,
  shownOutcomes,
  stacked,
  tableMarkup,
} from "#app/components/calls-chart.ts";
import type { ShownDays } from "#app/http/shown-overview.server.ts";

/** How many calls came each day, by outcome: as a chart, and as a table of its numbers. */
export function CallsPerDay({ days, timeZone }: { days: ShownDays; timeZone: string }) {
  const named = namedDays(days);
  const all = days.calls.reduce((sum, calls) => sum + calls, 0);
  return (
    <figure className="calls-per-day">
      <figcaption>
        {counted(all)} from {named[0]?.name} to {named.at(-1)?.name}, by day in {timeZone}
      </figcaption>
      {all > 0 && <Chart days={named} />}
    </figure>
  );
}

function Chart({ days }: { days: ReturnType<typeof namedDays> }) {
  const shown = shownOutcomes(days);
  return (
    <>
      <p className="legend">
        {stacked.map(
          ([outcome, label], index) =>
            shown[index] && (
              <span key={outcome}>
                <svg aria-hidden="true" width="16" height="16">
                  <rect className={outcome} width="16" height="16" />
                </svg>{" "}
                {label}{" "}
              </span>
            ),
        )}
      </p>
      <svg
        role="img"
        aria-label={chartSummary(days)}
        height="180"
        width="100%"
        dangerouslySetInnerHTML={{ __html: chartMarkup(days) }}
      />
      <details>
        <summary>Show the numbers</summary>
        <table dangerouslySetInnerHTML={{ __html: tableMarkup(days) }} />
      </details>
    </>
  );
}

function counted(calls: number): string {
  return `${calls === 0 ? "No" : calls.toLocaleString("en-GB")} ${calls === 1 ? "call" : "calls"}`;
}
