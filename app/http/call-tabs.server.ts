import { mostCallsCounted, type CallCounts } from "#app/domain/call-filter.server.ts";
import type { TypedFilter } from "#app/http/asked-calls.server.ts";
import { outcomeLabels, type ShownOutcome } from "#app/http/shown-call.server.ts";

/**
 * One kind of call: its address, its label, and how many there are, `1,000+` where counting
 * stopped.
 */
export type CallTab = [outcome: ShownOutcome | "", label: string, count: string | null];

/** Always shown; the other outcomes only while they have calls. */
const usual: ShownOutcome[] = ["missed", "message", "answered"];

/** The tabs of the log. A search by digits is not counted: that would read every call. */
export function callTabs(counts: CallCounts, { outcome, search }: TypedFilter): CallTab[] {
  const others = Object.keys(counts) as ShownOutcome[];
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const shown = (count: number) =>
    search !== ""
      ? null
      : count > mostCallsCounted
        ? `${mostCallsCounted.toLocaleString("en-GB")}+`
        : count.toLocaleString("en-GB");
  return [
    ["", "All", shown(all)],
    ...[...usual, ...others.filter((kind) => !usual.includes(kind))]
      .filter((kind) => usual.includes(kind) || kind === outcome || counts[kind] > 0)
      .map((kind): CallTab => {
        const label = kind === "message" ? "Messages" : outcomeLabels[kind];
        return [kind, label, shown(counts[kind])];
      }),
  ];
}
