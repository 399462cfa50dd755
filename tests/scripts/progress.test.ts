import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startProgress } from "../../scripts/terminal/progress.ts";

let written: string[];
const terminal = (isTTY: boolean) => ({
  isTTY,
  columns: 80,
  write: (text: string) => written.push(text),
});

beforeEach(() => {
  written = [];
  vi.stubEnv("TERM", "xterm");
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

test("work of less than a second shows no bar", () => {
  const progress = startProgress(terminal(true));
  vi.advanceTimersByTime(999);
  progress.update("Pointing", 5, 10);
  progress.clear();
  expect(written).toEqual([]);
});

test("longer work shows a bar, at most ten times a second, that disappears in the end", () => {
  const progress = startProgress(terminal(true));
  vi.advanceTimersByTime(1_000);
  progress.update("Listing", 3);
  progress.update("Pointing", 4, 10);
  vi.advanceTimersByTime(100);
  progress.update("Pointing", 5, 10);
  progress.clear();
  expect(written).toEqual([
    "\r\x1b[KListing 3",
    "\r\x1b[KPointing [############............] 5 of 10",
    "\r\x1b[K",
  ]);
});

test("nothing is drawn except on a capable terminal", () => {
  const file = startProgress(terminal(false));
  vi.stubEnv("TERM", "dumb");
  const dumb = startProgress(terminal(true));
  vi.advanceTimersByTime(5_000);
  for (const progress of [file, dumb]) {
    progress.update("Pointing", 5, 10);
    progress.clear();
  }
  expect(written).toEqual([]);
});
