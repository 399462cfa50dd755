/**
 * Noon on the day of most tests' calls: a server that starts then meets no midnight during a test.
 */
export const noon = new Date("2026-11-22T12:00:00Z");

/** So many days before {@link noon}. */
export const daysAgo = (days: number): Date => new Date(noon.getTime() - days * 86_400_000);

/** @param ahead how many milliseconds, in JavaScript */
const script = (ahead: string) => `
  const ahead = ${ahead};
  globalThis.Date = class extends Date {
    constructor(...parts) {
      super(...(parts.length === 0 ? [Date.now()] : parts));
    }
    static now() {
      return super.now() + ahead;
    }
  };`;

const withClock = (ahead: string) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script(ahead))}`,
});

/** The environment of a server whose clock starts at {@link noon} and runs on from there. */
export const startsAtNoon = withClock(`${noon.getTime()} - Date.now()`);

/** The environment of a process whose clock is so many seconds ahead, or behind. */
export const clockAhead = (seconds: number) => withClock(String(seconds * 1000));
