import { expect, test } from "vitest";
import { EnvironmentError, parseEnvironment } from "#app/env.server.ts";

test("with nothing set there are defaults", () => {
  expect(parseEnvironment({})).toMatchObject({
    DATABASE_URL: "sqlite:./data/app.db",
    PORT: 3000,
    PUBLIC_URL: "http://localhost:3000",
    RATE_LIMITS: "on",
    TRUST_PROXY: 0,
    WEB_CONCURRENCY: 1,
  });
});

test("PUBLIC_URL follows PORT, and is an origin", () => {
  expect(parseEnvironment({ PORT: "8080" }).PUBLIC_URL).toBe("http://localhost:8080");
  expect(parseEnvironment({ PUBLIC_URL: "https://Numbers.Example.com:443/" }).PUBLIC_URL).toBe(
    "https://numbers.example.com",
  );
});

test("an empty value is one that is not set", () => {
  expect(parseEnvironment({ PORT: "", TWILIO_AUTH_TOKEN: " " })).toMatchObject({
    PORT: 3000,
  });
  expect(parseEnvironment({ TWILIO_AUTH_TOKEN: "" }).TWILIO_AUTH_TOKEN).toBeUndefined();
});

test("DATABASE_URL alone is enough, and what is left of a version before is no error", () => {
  const given = { DATABASE_URL: "postgres://localhost/numbers" };
  expect(parseEnvironment(given)).toMatchObject(given);
  expect(parseEnvironment({ ...given, SESSION_SECRET: "short" })).toEqual(parseEnvironment(given));
});

test("countries to dial are a list, in any case and spacing", () => {
  expect(parseEnvironment({ DIAL_COUNTRIES: "ie, GB,ie" }).DIAL_COUNTRIES).toEqual(["IE", "GB"]);
  expect(parseEnvironment({ DIAL_COUNTRIES: " " }).DIAL_COUNTRIES).toBeUndefined();
  expect(parseEnvironment({}).CALL_LIMIT_MINUTES).toBe(240);
});

test.each([
  [{ PORT: "http" }, "PORT"],
  [{ PORT: "70000" }, "PORT"],
  [{ DATABASE_URL: "mysql://localhost/x" }, "DATABASE_URL"],
  [{ DATABASE_URL: "postgres://a b" }, "DATABASE_URL"],
  [{ PUBLIC_URL: "numbers.acme.test" }, "PUBLIC_URL"],
  [{ PUBLIC_URL: "https://example.com/path" }, "PUBLIC_URL"],
  [{ PUBLIC_URL: "ftp://example.com" }, "PUBLIC_URL"],
  [{ TWILIO_ACCOUNT_SID: "hunter2" }, "TWILIO_ACCOUNT_SID"],
  [{ RATE_LIMITS: "no" }, "RATE_LIMITS"],
  [{ WEB_CONCURRENCY: "2" }, "WEB_CONCURRENCY"],
  [{ METRICS_TOKEN: "x" }, "METRICS_TOKEN"],
  [{ LOW_POOL_THRESHOLD: "-1" }, "LOW_POOL_THRESHOLD"],
  [{ TWILIO_API_BASE_URL: "x" }, "TWILIO_API_BASE_URL"],
  [{ DIAL_COUNTRIES: "IE,UK" }, "DIAL_COUNTRIES"],
  [{ DIAL_COUNTRIES: "IE;GB" }, "DIAL_COUNTRIES"],
  [{ DIAL_COUNTRIES: "001" }, "DIAL_COUNTRIES"],
  [{ CALL_LIMIT_MINUTES: "0" }, "CALL_LIMIT_MINUTES"],
  [{ CALL_LIMIT_MINUTES: "1441" }, "CALL_LIMIT_MINUTES"],
])("%j is one line that names %s and repeats no value", (source, name) => {
  let message = "";
  try {
    parseEnvironment(source);
  } catch (error) {
    expect(error).toBeInstanceOf(EnvironmentError);
    message = (error as Error).message;
  }
  expect(message).toMatch(new RegExp(`^${name} [^\n]+\\.$`));
  for (const value of Object.values(source)) {
    if (value.length > 3) expect(message).not.toContain(value);
  }
});
