import { existsSync } from "node:fs";
import path from "node:path";
import { until } from "./load.ts";
import { scratchDirectory } from "./scratch.ts";
import { cleanUpLater } from "./clean-up.ts";

/**
 * Tells when a process with this environment begins to read its stdin and finds nothing there yet.
 * That stdin is one that does not block, as whatever asks for `process.stdin` leaves it: who reads
 * it otherwise gets EAGAIN.
 */
export function sightOfReading(): {
  env: { NODE_OPTIONS: string };
  seen(): Promise<void>;
} {
  const scratch = scratchDirectory("reads-");
  cleanUpLater(async () => scratch.remove());
  const file = path.join(scratch.path, "reads");
  const script = `import{writeFileSync}from"node:fs";process.stdin.on("newListener",(event)=>{if(/^(readable|data)$/.test(event))writeFileSync(${JSON.stringify(file)},"")})`;
  return {
    env: {
      NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(script).toString("base64")}`,
    },
    seen: () => until("it reads its stdin", () => existsSync(file), 30),
  };
}
