import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { isSupportedCountry } from "libphonenumber-js/max";
import { z } from "zod";
import { postgresAddress } from "#app/postgres-address.ts";

/**
 * The environment, read from `process.env` and `.env` and checked once. A bad value throws an
 * {@link EnvironmentError}: one line that names the variable and never repeats the value.
 */
export class EnvironmentError extends Error {
  override name = "EnvironmentError";
}

const wholeNumber = (min: number, max: number) =>
  z.coerce
    .number({ error: `must be a whole number from ${min} to ${max}` })
    .int({ error: `must be a whole number from ${min} to ${max}` })
    .min(min, { error: `must be a whole number from ${min} to ${max}` })
    .max(max, { error: `must be a whole number from ${min} to ${max}` });

const httpOrigin = (value: string) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return (
    (url?.protocol === "http:" || url?.protocol === "https:") &&
    url.pathname === "/" &&
    url.search === "" &&
    url.hash === "" &&
    url.username === ""
  );
};

const webPage = z
  .string()
  .refine((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol), {
    error: "must be an address like https://www.example.com/terms",
  });

const schema = z.object({
  DATABASE_URL: z
    .string()
    .regex(/^(postgres(ql)?:\/\/.+|sqlite:.+)$/, {
      error: "must be postgres://…, postgresql://… or sqlite:PATH",
    })
    .default("sqlite:./data/app.db"),
  DATABASE_POOL_MAX: wholeNumber(1, 500).default(10),
  PORT: wholeNumber(0, 65535).default(3000),
  PUBLIC_URL: z
    .string()
    .refine(httpOrigin, {
      error: "must be an address like https://numbers.example.com, no path",
    })
    .transform((url) => new URL(url).origin)
    .optional(),
  TWILIO_ACCOUNT_SID: z
    .string()
    .regex(/^AC[0-9a-fA-F]{32}$/, { error: "must be AC and 32 hex digits" })
    .optional(),
  TWILIO_AUTH_TOKEN: z.string().min(1).optional(),
  TWILIO_API_BASE_URL: z
    .string()
    .refine(httpOrigin, {
      error: "must be an address like http://localhost:4010, no path",
    })
    .optional(),
  RATE_LIMITS: z.enum(["on", "off"], { error: "must be on or off" }).default("on"),
  TRUST_PROXY: wholeNumber(0, 10).default(0),
  ASSIGNMENTS_PER_HOUR: wholeNumber(1, 1_000_000).optional(),
  METRICS_TOKEN: z.string().min(16, { error: "needs 16 characters at least" }).optional(),
  CORS_ORIGINS: z
    .string()
    .default("")
    .transform((list) => list.split(",").flatMap((origin) => origin.trim() || []))
    .refine((origins) => origins.every(httpOrigin), {
      error: "must be origins separated by commas, like https://app.example.com",
    })
    .transform((origins) => origins.map((origin) => new URL(origin).origin)),
  DIAL_COUNTRIES: z
    .string()
    .transform((list) => [...new Set(list.split(",").map((code) => code.trim().toUpperCase()))])
    .refine((codes) => codes.every((code) => isSupportedCountry(code)), {
      error: "must be two-letter country codes separated by commas, like IE,GB",
    })
    .optional(),
  CALL_LIMIT_MINUTES: wholeNumber(1, 1_440).default(240),
  CALL_DAYS: wholeNumber(1, 36_500).default(400),
  IDLE_DAYS: wholeNumber(1, 365).default(25),
  SUPPORT_EMAIL: z
    .string()
    .regex(/^[^\s@<>]+@[^\s@<>]+$/, { error: "must be an email address" })
    .optional(),
  SITE_NAME: z
    .string()
    .max(60, { error: "must have 60 characters at most" })
    .regex(/^[^\p{C}]+$/u, { error: "must be a name on one line" })
    .default("Company Phone Numbers"),
  TERMS_URL: webPage.optional(),
  PRIVACY_URL: webPage.optional(),
  SMTP_URL: z
    .string()
    .refine((url) => URL.canParse(url) && /^smtps?:$/.test(new URL(url).protocol), {
      error: "must be an address like smtps://USER:PASSWORD@mail.example.com",
    })
    .optional(),
  MAIL_FROM: z
    .string()
    .regex(/^([^<>@\r\n]+ <[^\s<>@,;]+@[^\s<>@,;]+>|[^\s<>@,;]+@[^\s<>@,;]+)$/, {
      error: "must be an address like Acme Numbers <numbers@example.com>",
    })
    .optional(),
  REQUIRE_VERIFIED_EMAIL: z.enum(["on", "off"], { error: "must be on or off" }).default("off"),
  // The database refuses to delete anything younger.
  AUDIT_DAYS: wholeNumber(30, 36_500).default(400),
  LOW_POOL_THRESHOLD: wholeNumber(0, 1_000_000).default(10),
  WEB_CONCURRENCY: wholeNumber(1, 64).default(1),
  LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error", "silent"], {
      error: "must be debug, info, warn, error or silent",
    })
    .default("info"),
  NODE_ENV: z.string().default("production"),
});

/** Names the file that supplies what the environment lacks. */
const fileVariable = "ENV_FILE";

/** The names of all variables read. */
export const environmentVariables = [...Object.keys(schema.shape), fileVariable];

export type Environment = z.output<typeof schema> & { PUBLIC_URL: string };

/**
 * Checks `source`, trims its values and fills in the defaults.
 * An empty value counts as not set, since that is how platforms pass "no value".
 * @throws {EnvironmentError} naming the first variable that is wrong
 */
export function parseEnvironment(source: Record<string, string | undefined>): Environment {
  const given = Object.fromEntries(
    Object.entries(source).flatMap(([name, value]) => {
      const trimmed = value?.trim();
      return trimmed ? [[name, trimmed]] : [];
    }),
  );
  const result = schema.safeParse(given);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new EnvironmentError(`${String(issue?.path[0])} ${issue?.message}.`);
  }
  const env = result.data;
  if (env.DATABASE_URL.startsWith("postgres")) {
    if (!postgresAddress(env.DATABASE_URL)) {
      throw new EnvironmentError("DATABASE_URL is not an address.");
    }
  } else if (env.WEB_CONCURRENCY > 1) {
    throw new EnvironmentError(
      "WEB_CONCURRENCY must be 1 with SQLite, which has one writer; use PostgreSQL for more.",
    );
  }
  if ((env.SMTP_URL === undefined) !== (env.MAIL_FROM === undefined)) {
    const [missing, set] = env.SMTP_URL ? ["MAIL_FROM", "SMTP_URL"] : ["SMTP_URL", "MAIL_FROM"];
    throw new EnvironmentError(`${missing} is not set, and ${set} is; mail needs both.`);
  }
  if (env.REQUIRE_VERIFIED_EMAIL === "on" && env.SMTP_URL === undefined) {
    throw new EnvironmentError(
      "REQUIRE_VERIFIED_EMAIL needs SMTP_URL and MAIL_FROM, since nobody could verify an email without mail.",
    );
  }
  return {
    ...env,
    PUBLIC_URL: env.PUBLIC_URL ?? `http://localhost:${env.PORT}`,
  };
}

/**
 * Reads the variables of a file, in UTF-8, or in UTF-16 with a byte-order mark; none if there is no
 * file.
 * @throws {EnvironmentError} naming a file that cannot be read
 */
function readVariables(file: string): Record<string, string | undefined> {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return {};
    throw new EnvironmentError(`${file} cannot be read (${code}).`);
  }
  const encoding = utf16Marks[bytes.subarray(0, 2).toString("hex")] ?? "utf-8";
  let text: string | undefined;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    // Reported below.
  }
  if (text === undefined || text.includes("\0")) {
    throw new EnvironmentError(`${file} is not text in UTF-8; save it as that.`);
  }
  return parseEnv(text);
}

const utf16Marks: Record<string, string> = { fffe: "utf-16le", feff: "utf-16be" };

/** Adds the variables of {@link fileVariable}'s file to `process.env` where they are not set. */
function readFile(): void {
  const named = process.env[fileVariable]?.trim();
  const file = named || ".env";
  if (named && !existsSync(named)) throw new EnvironmentError(`${fileVariable} names no file.`);
  for (const [name, value] of Object.entries(readVariables(file))) {
    if (!process.env[name]?.trim()) process.env[name] = value;
  }
}

let cached: Environment | undefined;

/**
 * The checked environment of this process; what is not set comes from `.env` in the working
 * directory, or from the file that ENV_FILE names.
 */
export function environment(): Environment {
  if (!cached) {
    readFile();
    cached = parseEnvironment(process.env);
  }
  return cached;
}

/** Makes the next {@link environment} read `process.env` again. */
export function forgetEnvironment(): void {
  cached = undefined;
}
