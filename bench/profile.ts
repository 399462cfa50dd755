import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** What V8's profiler writes; times are microseconds of the monotonic clock. */
interface Profile {
  startTime: number;
  nodes: {
    id: number;
    callFrame: { functionName: string; url: string };
  }[];
  samples: number[];
  timeDeltas: number[];
}

/** From when to when, by `process.hrtime.bigint()`. */
export interface Window {
  from: bigint;
  to: bigint;
}

const shown = 24;

/**
 * Where the processes that left a profile in `directory` spent their time: shares by package, for
 * people.
 * @param window samples from outside it are ignored
 */
export function profileOf(directory: string, window: Window): string {
  const times = new Map<string, number>();
  for (const file of readdirSync(directory)) {
    const profile = JSON.parse(readFileSync(path.join(directory, file), "utf8")) as Profile;
    const owners = new Map(profile.nodes.map(({ id, callFrame }) => [id, ownerOf(callFrame)]));
    let now = profile.startTime;
    for (const [index, node] of profile.samples.entries()) {
      const delta = profile.timeDeltas[index] ?? 0;
      now += delta;
      const owner = owners.get(node) ?? "";
      const within = now >= window.from / 1000n && now <= window.to / 1000n;
      if (within && owner !== "(idle)") {
        times.set(owner, (times.get(owner) ?? 0) + delta);
      }
    }
  }
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  const largest = [...times].sort(([, a], [, b]) => b - a).slice(0, shown);
  const rest = largest.reduce((left, [, time]) => left - time, total);
  return [...largest, ["the rest", rest] as const]
    .map(([owner, time]) => `${((100 * time) / total).toFixed(1).padStart(5)} %  ${owner}\n`)
    .join("");
}

/** A function's package, part of Node or file of this program, or its own name if it is V8's. */
function ownerOf({ functionName, url }: Profile["nodes"][number]["callFrame"]): string {
  if (url === "") return functionName;
  if (url.startsWith("node:")) return url.split("/", 2).join("/");
  const file = url.startsWith("file:") ? fileURLToPath(url) : url;
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file);
  return inPackage?.[1] ?? path.relative(".", file);
}
