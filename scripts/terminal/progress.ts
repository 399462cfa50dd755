/** Where a progress bar is drawn: stderr, or a test's stand-in for a terminal. */
export interface Terminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  /** @param total undefined while nobody knows how much there will be */
  update(label: string, done: number, total?: number): void;
  /** Takes the bar away. */
  clear(): void;
}

const width = 24;
const startsAfter = 1_000;
const redrawsEvery = 100;

/**
 * A progress bar on `terminal` for work that takes more than a second; elsewhere than on a terminal there is none.
 * It stands on one line, which {@link Progress.clear} leaves empty.
 */
export function startProgress(terminal: Terminal = process.stderr): Progress {
  if (!terminal.isTTY || process.env.TERM === "dumb") {
    return { update: () => {}, clear: () => {} };
  }
  let drawAt = Date.now() + startsAfter;
  let isDrawn = false;
  return {
    update(label, done, total) {
      if (Date.now() < drawAt) return;
      drawAt = Date.now() + redrawsEvery;
      isDrawn = true;
      const text =
        total === undefined
          ? `${label} ${done}`
          : `${label} ${bar(done / total)} ${done} of ${total}`;
      terminal.write(`\r\x1b[K${text.slice(0, (terminal.columns || 80) - 1)}`);
    },
    clear() {
      if (isDrawn) terminal.write("\r\x1b[K");
      isDrawn = false;
    },
  };
}

function bar(part: number): string {
  const full = Math.round(Math.min(part, 1) * width);
  return `[${"#".repeat(full)}${".".repeat(width - full)}]`;
}
