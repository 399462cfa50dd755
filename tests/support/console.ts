import { afterAll, afterEach, beforeEach } from "vitest";
import { format } from "node:util";

const original = console.error;
let logged: string[] = [];
let expected: (string | RegExp)[] = [];

/**
 * Expects that this test makes `console.error` print something containing `what`; if it does not,
 * the test fails. Anything else printed there fails the test too.
 */
export function expectConsoleError(what: string | RegExp = ""): void {
  expected.push(what);
}

function settle(): void {
  const texts = logged;
  const wanted = expected;
  logged = [];
  expected = [];
  const holds = (text: string, what: string | RegExp) =>
    typeof what === "string" ? text.includes(what) : what.test(text);
  const surprise = texts.find((text) => !wanted.some((what) => holds(text, what)));
  if (surprise !== undefined) {
    throw new Error(`Unexpected console.error: ${surprise}`);
  }
  const missing = wanted.find((what) => !texts.some((text) => holds(text, what)));
  if (missing !== undefined) {
    throw new Error(`Expected a console.error that holds ${String(missing)}`);
  }
}

/** For the setup file: an unexpected `console.error` fails the test in which it happens. */
export function failOnConsoleError(): void {
  const record = (...args: unknown[]) => {
    const text = format(...args);
    logged.push(text);
    if (expected.length === 0) original(text);
  };
  console.error = record;
  // Undoes whatever a test has put in its place.
  beforeEach(() => void (console.error = record));
  afterEach(settle);
  afterAll(settle);
}
