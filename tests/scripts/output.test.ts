import { expect, test } from "vitest";
import { folded } from "../../scripts/terminal/output.ts";

const line = `     1  ${"A long company name ".repeat(5)} ann@acme.test  no number`;

test("a terminal gets no line of more than 80 columns, broken between words and indented", () => {
  const lines = folded(line, { isTTY: true, columns: 200 }, "        ").split("\n");
  expect(lines.length).toBe(2);
  for (const one of lines) expect(one.length).toBeLessThanOrEqual(80);
  expect(lines[1]).toMatch(/^ {8}\S/);
  expect(lines.join(" ").replaceAll(/\s+/g, " ")).toBe(line.replaceAll(/\s+/g, " "));
  const narrow = folded(line, { isTTY: true, columns: 40 });
  expect(Math.max(...narrow.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(40);
  const word = "x".repeat(100);
  expect(folded(word, { isTTY: true })).toBe(`  ${word}`);
});

test("a file and grep get one line", () => {
  expect(folded(line, {})).toBe(line);
});
