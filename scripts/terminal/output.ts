import { once } from "node:events";

/** stdout for more than fits into memory: waits for its reader, and knows when there is none any more. */
export interface Output {
  /** Does nothing once writing has failed. */
  write(text: string): Promise<void>;
  /** the code of what went wrong: EPIPE where the reader has gone */
  failure: string | undefined;
}

/** @param onFailure is told once, when stdout takes nothing any more */
export function openOutput(onFailure?: (code: string) => void): Output {
  const output: Output = {
    failure: undefined,
    async write(text) {
      if (output.failure !== undefined || text === "") return;
      // What goes wrong is told by the event.
      if (!process.stdout.write(text)) await once(process.stdout, "drain").catch(() => {});
    },
  };
  process.stdout.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
    if (output.failure !== undefined) return;
    output.failure = code;
    onFailure?.(code);
  });
  return output;
}
