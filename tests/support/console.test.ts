import { test } from "vitest";
import { expectConsoleError } from "./console.ts";

test.fails("an unexpected console.error fails the test", () => {
  console.error("out of the blue");
});

test.fails("so does a missing expected one", () => {
  expectConsoleError("never said");
});

test("an expected one is fine", () => {
  expectConsoleError(/number \d/);
  console.error("number %d", 1);
});
