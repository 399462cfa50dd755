import { once } from "node:events";

/**
 * stdout for more than fits into memory: it waits for its reader, and notices when the reader has
 * gone.
 */
export interface Output {
  /** Does nothing once writing has failed. */
  write(text: string): Promise<void>;
  /** the error's code: EPIPE if the reader has gone */
  failure: string | undefined;
}

/** @param onFailure is told once, when stdout takes nothing more */
export function openOutput(onFailure?: (code: string) => void): Output {
  const output: Output = {
    failure: undefined,
    async write(text) {
      if (output.failure !== undefined || text === "") return;
      // The error event reports failures.
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

/**
 * A line for a terminal: broken between words at 80 columns, the rest indented. Elsewhere, as in a
 * file or for grep, it stays one line.
 */
export function folded(
  line: string,
  { isTTY, columns = 80 }: { isTTY?: boolean; columns?: number },
  indent = "  ",
): string {
  const width = Math.min(columns, 80);
  if (!isTTY || line.length <= width) return line;
  const lines = [""];
  // A gap of several spaces, as between columns, counts as one place to break.
  for (const piece of line.match(/\s*\S+/g) ?? []) {
    if ((lines.at(-1) + piece).length <= width) lines[lines.length - 1] += piece;
    else lines.push(indent + piece.trimStart());
  }
  return lines.filter((one) => one !== "").join("\n");
}
