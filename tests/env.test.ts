import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import {
  environment,
  EnvironmentError,
  environmentVariables,
  forgetEnvironment,
  parseEnvironment,
} from "#app/env.server.ts";
import { postgresAddress } from "#app/postgres-address.ts";
import { cleanUpLater } from "./support/clean-up.ts";
import { scratchDirectory } from "./support/scratch.ts";

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

test("an empty value counts as not set", () => {
  expect(parseEnvironment({ PORT: "", TWILIO_AUTH_TOKEN: " " })).toMatchObject({
    PORT: 3000,
  });
  expect(parseEnvironment({ TWILIO_AUTH_TOKEN: "" }).TWILIO_AUTH_TOKEN).toBeUndefined();
});

test("DATABASE_URL alone is enough, and variables of an earlier version are no error", () => {
  const given = { DATABASE_URL: "postgres://localhost/numbers" };
  expect(parseEnvironment(given)).toMatchObject(given);
  expect(parseEnvironment({ ...given, SESSION_SECRET: "short" })).toEqual(parseEnvironment(given));
});

test("countries to dial are a list, in any case and spacing", () => {
  expect(parseEnvironment({ DIAL_COUNTRIES: "ie, GB,ie" }).DIAL_COUNTRIES).toEqual(["IE", "GB"]);
  expect(parseEnvironment({ DIAL_COUNTRIES: " " }).DIAL_COUNTRIES).toBeUndefined();
  expect(parseEnvironment({}).CALL_LIMIT_MINUTES).toBe(240);
});

test("origins are a list, as browsers write them", () => {
  const CORS_ORIGINS = "https://App.example.com/, http://localhost:5173,";
  expect(parseEnvironment({ CORS_ORIGINS }).CORS_ORIGINS).toEqual([
    "https://app.example.com",
    "http://localhost:5173",
  ]);
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
  [{ CORS_ORIGINS: "*" }, "CORS_ORIGINS"],
  [{ CORS_ORIGINS: "https://app.example.com/path" }, "CORS_ORIGINS"],
  [{ CALL_LIMIT_MINUTES: "0" }, "CALL_LIMIT_MINUTES"],
  [{ CALL_LIMIT_MINUTES: "1441" }, "CALL_LIMIT_MINUTES"],
  [{ CALL_DAYS: "0" }, "CALL_DAYS"],
  [{ IDLE_DAYS: "366" }, "IDLE_DAYS"],
  [{ SITE_NAME: "Acme\nNumbers" }, "SITE_NAME"],
  [{ SITE_NAME: "A".repeat(61) }, "SITE_NAME"],
  [{ TERMS_URL: "javascript:alert(1)" }, "TERMS_URL"],
  [{ PRIVACY_URL: "privacy.acme.test" }, "PRIVACY_URL"],
  [{ SUPPORT_EMAIL: "Ann <ann@example.com>" }, "SUPPORT_EMAIL"],
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

test(".env.example names every variable, and its defaults are the program's", () => {
  const lines = readFileSync(".env.example", "utf8").matchAll(/^# ([A-Z_]+)=(.*)$/gm);
  const shown = Object.fromEntries([...lines].map(([, name, value]) => [name!, value!]));
  expect(Object.keys(shown)).toEqual(
    environmentVariables.filter((name) => !["ENV_FILE", "NODE_ENV"].includes(name)),
  );
  const { TWILIO_ACCOUNT_SID, TWILIO_API_BASE_URL, ...parsed } = parseEnvironment(shown);
  expect([TWILIO_ACCOUNT_SID, TWILIO_API_BASE_URL]).not.toContain(undefined);
  expect(parsed).toEqual(parseEnvironment({}));
});

test.each([
  ["a newline", "\n"],
  ["a carriage return and a newline", "\r\n"],
  ["a blank", " "],
  ["a tab", "\t"],
])("%s at the end of any variable is trimmed", (_, end) => {
  const given = {
    DATABASE_URL: "postgres://localhost/numbers",
    DATABASE_POOL_MAX: "3",
    PORT: "8080",
    PUBLIC_URL: "https://numbers.example.com",
    TWILIO_ACCOUNT_SID: `AC${"0".repeat(32)}`,
    TWILIO_AUTH_TOKEN: "a token",
    TWILIO_API_BASE_URL: "http://localhost:4010",
    RATE_LIMITS: "off",
    TRUST_PROXY: "1",
    METRICS_TOKEN: "0123456789abcdef",
    LOW_POOL_THRESHOLD: "3",
    WEB_CONCURRENCY: "2",
    LOG_LEVEL: "warn",
  };
  const padded = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, ` ${value}${end}`]),
  );
  expect(parseEnvironment(padded)).toEqual(parseEnvironment(given));
});

/** Makes a file with these bytes what {@link environment} reads, with nothing else set. */
function useFile(bytes: string | Buffer): string {
  const scratch = scratchDirectory("env-");
  const file = path.join(scratch.path, "settings.env");
  writeFileSync(file, bytes);
  const before = { ...process.env };
  for (const name of environmentVariables) delete process.env[name];
  process.env["ENV_FILE"] = file;
  forgetEnvironment();
  cleanUpLater(async () => {
    scratch.remove();
    for (const name of environmentVariables) delete process.env[name];
    Object.assign(process.env, before);
    forgetEnvironment();
  });
  return file;
}

const lines = "DATABASE_URL=postgres://u:p@/numbers?host=/sockets\r\nPORT='8080 '\r\n";

test.each([
  ["as it is", Buffer.from(lines)],
  ["in UTF-8 with a byte-order mark", Buffer.from(`\ufeff${lines}`)],
  ["in UTF-16 as Windows writes it", Buffer.from(`\ufeff${lines}`, "utf16le")],
  ["in UTF-16 the other way round", Buffer.from(`\ufeff${lines}`, "utf16le").swap16()],
])("a file of variables is read %s", (_, bytes) => {
  useFile(bytes);
  expect(environment()).toMatchObject({
    DATABASE_URL: "postgres://u:p@/numbers?host=/sockets",
    PORT: 8080,
  });
});

test.each([
  ["UTF-16 without a byte-order mark", Buffer.from(lines, "utf16le")],
  ["Latin-1", Buffer.from("PUBLIC_URL=https://café.example", "latin1")],
])("a file of variables in %s is refused by its name", (_, bytes) => {
  const file = useFile(bytes);
  expect(() => environment()).toThrow(
    new EnvironmentError(`${file} is not text in UTF-8; save it as that.`),
  );
});

test("the file supplies variables that are empty or not set, and no others", () => {
  useFile("PORT=8080\nLOG_LEVEL=warn\n");
  process.env["PORT"] = " ";
  process.env["LOG_LEVEL"] = "error";
  expect(environment()).toMatchObject({ PORT: 8080, LOG_LEVEL: "error" });
});

test("a missing ENV_FILE is reported", () => {
  useFile("");
  process.env["ENV_FILE"] = "/nowhere/settings.env";
  expect(() => environment()).toThrow(new EnvironmentError("ENV_FILE names no file."));
});

const parts = { host: "localhost", port: "5432", database: "d", user: "u", password: "" };

test.each([
  ["postgresql://u:p@/d?host=/cloudsql/a:b:c", { host: "/cloudsql/a:b:c", password: "p" }],
  ["postgres:///d?host=/run/pg&user=u", { host: "/run/pg" }],
  ["postgres://u@%2Frun%2Fpg/d", { host: "/run/pg" }],
  ["postgres://u:p%40s@db:6432/d?pgbouncer=true", { host: "db", port: "6432", password: "p@s" }],
  ["postgres://db/d?user=u&password=secret&port=1", { host: "db", port: "1", password: "secret" }],
])("%s is an address, as for pg and psql", (DATABASE_URL, wanted) => {
  expect(parseEnvironment({ DATABASE_URL })).toMatchObject({ DATABASE_URL });
  expect(postgresAddress(DATABASE_URL)).toMatchObject({ ...parts, ...wanted });
});

test("no file imports node:process, which would make it impossible to wait for stdin", () => {
  for (const folder of ["app", "scripts", "migrations"]) {
    for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      if (!/\.(tsx?|js)$/.test(file)) continue;
      expect(readFileSync(path.join(folder, file), "utf8"), file).not.toMatch(
        /from "(node:)?process"/,
      );
    }
  }
});
