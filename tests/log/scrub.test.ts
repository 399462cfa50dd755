import { expect, test } from "vitest";
import { describeError, scrub } from "#app/log/scrub.server.ts";

test.for([
  ["connect postgres://app:p%40ss@db:5432/app failed", "connect postgres://***@db:5432/app failed"],
  ["Authorization: Bearer abc.def-ghi", "Authorization: *** ***"],
  ["got Bearer abc.def-ghi back", "got Bearer *** back"],
  ['{"password":"hunter22","a":1}', '{"password":"***","a":1}'],
  ["set-cookie: session=abc123; Path=/", "set-cookie: ***; Path=/"],
  ["email=a@example.com", "email=a@example.com"],
  [
    'password authentication failed for user "app"',
    'password authentication failed for user "app"',
  ],
] as const)("%s", ([text, scrubbed]) => {
  expect(scrub(text)).toBe(scrubbed);
});

test("this process's own secrets are removed wherever they are", () => {
  process.env["METRICS_TOKEN"] = "a-long-token";
  process.env["DATABASE_URL"] = "postgres://app:p%40ssword@db/app";
  try {
    expect(scrub("(a-long-token) (p@ssword)")).toBe("(***) (***)");
  } finally {
    process.env["METRICS_TOKEN"] = process.env["DATABASE_URL"] = "";
  }
});

test("an error's type, message, code, stack and cause are logged, and no other field", () => {
  const error = Object.assign(new TypeError("postgres://a:b@c", { cause: new Error("why") }), {
    code: "23505",
    detail: "Key (email)=(ann@example.com)",
  });
  const described = describeError(error);
  expect(described).toMatchObject({
    type: "TypeError",
    message: "postgres://***@c",
    code: "23505",
    cause: { type: "Error", message: "why" },
  });
  expect(described.stack).toContain("scrub.test.ts");
  expect(JSON.stringify(described)).not.toMatch(/ann@|a:b/);
  expect(describeError(error, false)).not.toHaveProperty("stack");
});
