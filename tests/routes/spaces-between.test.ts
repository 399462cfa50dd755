import type { Knex } from "knex";
import { beforeAll, expect, test } from "vitest";
import { operator } from "#app/domain/audit.server.ts";
import { blockCaller } from "#app/domain/blocked-callers.server.ts";
import { recordRecording } from "#app/domain/call-events.server.ts";
import { makeResetLink } from "#app/domain/password-reset.server.ts";
import { makeToken } from "#app/domain/tokens.server.ts";
import { called, companyWith, page, type Company } from "../support/call-pages.ts";
import { aCompany, Client } from "../support/client.ts";
import { daysAgo, startsAtNoon } from "../support/clock.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { signedInCompanies } from "../support/load.ts";
import { startMailServer } from "../support/mail-server.ts";
import { post } from "../support/pages.ts";
import { startServer } from "../support/server.ts";
import { startTwilioApi } from "../support/twilio-api.ts";

/**
 * Pages as browsers without style sheets show them: only the spaces in the HTML separate anything.
 */

const visitors = [
  "/",
  "/login",
  "/login?redirectTo=/calls&signed-out=1",
  "/signup",
  "/forgot",
  "/forgot?sent=yes",
  "/reset/x",
  "/verify/x",
  "/told/x",
  "/nowhere",
  "/api/docs",
];
const withoutNumber = [
  "/dashboard",
  "/calls",
  "/settings",
  "/settings/phone",
  "/dashboard/choose-number",
  "/dashboard/choose-number?search=00",
  "/dashboard/choose-number?search=777777",
  "/settings/phone/choose?show=60",
];
const withCalls = [
  "/dashboard",
  "/calls",
  "/calls?outcome=message&search=87&since=2026-11-01&until=2026-11-30",
  "/calls?search=anna&since=soon",
  "/settings",
  "/settings/phone",
  "/settings/calls",
  "/settings/calls/blocked",
  "/settings/calls/mail",
  "/settings/account",
  "/settings/account/close",
  "/settings/email",
  "/settings/security",
  "/settings/security/password",
  "/settings/security/sessions",
  "/settings/security/sessions/others",
  "/settings/tokens",
];

let url: string;
let db: Knex;
let stranger: { client: Client };
let without: { client: Client };
let company: Company;
let message: string;

beforeAll(async () => {
  const { environment } = await startTwilioApi();
  const mail = await startMailServer();
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  db = openDatabase(databaseUrl);
  const [number = ""] = await fillPool(db, 60);
  url = (
    await startServer({
      databaseUrl,
      env: {
        ...environment,
        ...startsAtNoon,
        SMTP_URL: mail.url,
        MAIL_FROM: "numbers@example.com",
        SUPPORT_EMAIL: "help@example.com",
        TERMS_URL: "https://example.com/terms",
        PRIVACY_URL: "https://example.com/privacy",
      },
    })
  ).url;
  stranger = { client: new Client(url) };
  const [one] = await signedInCompanies(db, 1);
  without = { client: new Client(url, { Cookie: one!.cookie }) };
  company = await companyWith(url, db, number);
  for (let i = 0; i < 30; i++) await called(db, company, { at: daysAgo(i / 4) });
  await called(db, company, { from: "sip:desk@example.com", at: daysAgo(0.1) });
  message = await called(db, company, { from: "+441614960777" });
  await recordRecording(
    db,
    { callSid: message, to: number },
    { sid: `RE${"a".repeat(32)}`, seconds: 7 },
  );
  await blockCaller(db, company.id, "+353875556666");
  const made = { name: "shell", scopes: ["numbers:read" as const], expires_at: null };
  await makeToken(db, company.id, made);
});

/**
 * A page as those browsers read it: links as ⟨…⟩, fields and buttons as […], and | where other
 * inline elements meet.
 */
function inlineOf(html: string): string {
  return html
    .replace(/<head>.*?<\/head>/s, "")
    .replaceAll(
      /<(script|style).*?<\/\1>|<!--.*?-->|<input type="hidden"[^>]*>|<tspan[^>]*>|<\/tspan>/gs,
      "",
    )
    .replaceAll(/<(select|textarea|audio)\b.*?<\/\1>|<input[^>]*>/gs, "[]")
    .replaceAll(/<a\b[^>]*>/g, "⟨")
    .replaceAll("</a>", "⟩")
    .replaceAll(/<button\b[^>]*>/g, "[")
    .replaceAll("</button>", "]")
    .replaceAll(
      /<\/?(b|bdi|code|em|label|legend|small|span|strong|summary|svg|text|time)\b[^>]*>/g,
      "|",
    )
    .replaceAll(/<[^>]+>/g, "\n");
}

const word = "[\\p{L}\\p{N}]";
const together = new RegExp(
  `[\\]⟩]\\|*(?:[[⟨(]|${word})|${word}\\|*[[⟨]|${word}\\|+(?:[([]|${word})`,
  "gu",
);

/** Words, links, fields or buttons with no space between them. */
const runTogether = (html: string) => {
  const text = inlineOf(html);
  return [...text.matchAll(together)].map(({ index, 0: found }) =>
    text.slice(Math.max(0, index - 20), index + found.length + 20),
  );
};

test("no words, links, fields or buttons run together, in any page", async () => {
  const found: [path: string, words: string[]][] = [];
  let looked = 0;
  const look = (path: string, { html, status }: { html: string; status: number }) => {
    if (status < 500 && html.includes("</html>")) looked++;
    const words = runTogether(html);
    if (words.length > 0) found.push([path, words]);
  };
  for (const [who, paths] of [
    [stranger, visitors],
    [without, withoutNumber],
    [company, withCalls],
  ] as const) {
    for (const path of paths) look(path, await page(who, path));
  }
  look("delete", await page(company, `/calls/${message}/message/delete`));
  look("revoke", await page(company, "/settings/tokens/1/revoke"));
  const forms = [
    [stranger, "/login"],
    [stranger, "/signup"],
    [stranger, "/forgot"],
    [company, "/settings/account"],
    [company, "/settings/calls"],
    [company, "/settings/tokens"],
    [company, "/settings/security/password"],
  ] as const;
  for (const [{ client }, path] of forms) look(path, await post(client, path, { phone: "x" }));
  const owner = new Client(url);
  const given = aCompany();
  await post(owner, "/signup", given);
  const codes = await post(owner, "/settings/security", {
    batch: "",
    password: given["password"] ?? "",
  });
  expect(codes.html).toContain("Your recovery codes");
  look("codes", codes);
  const token = await post(owner, "/settings/tokens", { name: "shell", "calls:read": "on" });
  expect(token.html).toContain("This is the token");
  look("token", token);
  const reset = new URL((await makeResetLink(db, company.id, operator))!).pathname;
  look("reset", await page(stranger, reset));
  expect(found).toEqual([]);
  expect(looked).toBe(visitors.length + withoutNumber.length + withCalls.length + 5 + forms.length);
});

test("the check finds what runs together", () => {
  expect(
    runTogether(
      '<p><a href="/a">One</a><a href="/b">Two</a> <button>Go</button><a href="/c">on</a></p>',
    ),
  ).toHaveLength(2);
  expect(runTogether("<label>Name</label><input/> <b>Sun</b><span>3</span>")).toHaveLength(2);
  expect(runTogether('“<a href="/">One</a>”, <b>two</b>. (<b>x</b>)<p>y</p>z')).toEqual([]);
});
