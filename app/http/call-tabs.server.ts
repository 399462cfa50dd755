import { mostCallsCounted, type CallCounts } from "#app/domain/call-filter.server.ts";
import type { TypedFilter } from "#app/http/asked-calls.server.ts";
import { outcomeLabels, type ShownOutcome } from "#app/http/shown-call.server.ts";

/** Calls of a kind: its address, its words, and how many there are, `1,000+` where nobody has counted on. */
export type CallTab = [outcome: ShownOutcome | "", label: string, count: string | null];

/** Always there; those of the other outcomes while there is a call of it. */
const usual: ShownOutcome[] = ["missed", "message", "answered"];

/** The tabs of the log. Calls that are searched for by digits are not counted: that would read them all. */
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
