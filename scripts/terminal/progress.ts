/** Where a progress bar is drawn: stderr, or a test's stand-in for a terminal. */
export interface Terminal {
  isTTY?: boolean;
  columns?: number;
  write(text: string): unknown;
}

export interface Progress {
  /**
   * @param total undefined while the amount is unknown
   * @param part of the work, 0 to 1, if that is known without a total
   */
  update(label: string, done: number, total?: number, part?: number): void;
  /** Removes the bar. */
  clear(): void;
}

const width = 24;
const startsAfter = 1_000;
const redrawsEvery = 100;

/**
 * A progress bar with rate and time left, for work that takes more than a second; there is none if
 * `terminal` is not really one. It takes one line, which {@link Progress.clear} leaves empty.
 */
export function startProgress(terminal: Terminal = process.stderr): Progress {
  if (!terminal.isTTY || process.env.TERM === "dumb") {
    return { update: () => {}, clear: () => {} };
  }
  let drawAt = Date.now() + startsAfter;
  let isDrawn = false;
  let begun = { label: "", at: 0, done: 0, part: 0 };
  return {
    update(label, done, total, part = total && done / total) {
      const now = Date.now();
      if (begun.label !== label) begun = { label, at: now, done, part: part ?? 0 };
      if (now < drawAt) return;
      drawAt = now + redrawsEvery;
      isDrawn = true;
      const seconds = (now - begun.at) / 1000;
      const text = [
        `${label} ${part === undefined ? "" : `${bar(part)} `}${number(done)}${total === undefined ? "" : ` of ${number(total)}`}`,
        ...(seconds < 1 ? [] : [`${number((done - begun.done) / seconds)} a second`]),
        ...(seconds < 1 || part === undefined || part <= begun.part
          ? []
          : [`${duration((seconds * (1 - part)) / (part - begun.part))} left`]),
      ].join(", ");
      terminal.write(`\r\x1b[K${text.slice(0, (terminal.columns || 80) - 1)}`);
    },
    clear() {
      if (isDrawn) terminal.write("\r\x1b[K");
      isDrawn = false;
    },
  };
}

const number = (amount: number) => Math.round(amount).toLocaleString("en");

function duration(seconds: number): string {
  const whole = Math.max(Math.round(seconds), 0);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function bar(part: number): string {
  const full = Math.round(Math.min(part, 1) * width);
  return `[${"#".repeat(full)}${".".repeat(width - full)}]`;
}
