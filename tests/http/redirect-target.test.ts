import fc from "fast-check";
import { expect, test } from "vitest";
import { ownPath } from "#app/http/redirect-target.ts";

test.each(["/dashboard", "/settings/phone", "/dashboard/choose-number?contains=86&show=30"])(
  "%s is a path on this site",
  (path) => {
    expect(ownPath(path, "/")).toBe(path);
  },
);

test.each([
  null,
  undefined,
  "",
  "dashboard",
  "https://evil.example",
  "//evil.example",
  "///evil.example",
  "/\\evil.example",
  "\\/evil.example",
  "/\t/evil.example",
  "/\n/evil.example",
  "\t//evil.example",
  " //evil.example",
  "/..//evil.example",
  "/.//evil.example",
  "/%0d%0aSet-Cookie: x",
  "javascript:alert(1)",
  "/\u0000",
  "/päth",
])("%j is not", (target) => {
  expect(ownPath(target, "/dashboard")).toBe("/dashboard");
});

test("whatever is given, a browser stays on this site", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc
          .array(fc.constantFrom("/", "\\", ".", "%2f", "\t", "@", "evil.example", ":", "?", "#"))
          .map((parts) => `/${parts.join("")}`),
      ),
      (target) => {
        const url = new URL(ownPath(target, "/"), "https://ours.example");
        expect(url.origin).toBe("https://ours.example");
      },
    ),
    { numRuns: 2_000 },
  );
});
