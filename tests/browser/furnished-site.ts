import { createCookie } from "@remix-run/node";
import type { Knex } from "knex";
import { makeLink } from "#app/domain/account-links.server.ts";
import { service } from "#app/domain/audit.server.ts";
import { blockCaller } from "#app/domain/blocked-callers.server.ts";
import { saveCallHandling } from "#app/domain/call-handling.server.ts";
import { recordIncomingCall } from "#app/domain/call-events.server.ts";
import { noteGone } from "#app/domain/gone-numbers.server.ts";
import { deleteMessage, markHeard } from "#app/domain/messages.server.ts";
import { hashPassword } from "#app/domain/passwords.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { makeRecoveryCodes } from "#app/domain/recovery-codes.server.ts";
import { beginSession } from "#app/domain/sessions.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";
import { makeToldLink } from "#app/domain/told-addresses.server.ts";
import { makeToken } from "#app/domain/tokens.server.ts";
import { noteVerified } from "#app/domain/verified-emails.server.ts";
import { callsOf, newCallSid, scenarios } from "../support/calls.ts";
import { aCompany } from "../support/client.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { startMailServer } from "../support/mail-server.ts";
import { startServer } from "../support/server.ts";
import { accountSid, authToken } from "../support/twilio-webhooks.ts";
import type { Site } from "./visitor.ts";

/** The kinds of companies to whom pages are shown. */
export type Who =
  /** has no number, and its email is not confirmed */
  | "fresh"
  /** has a number that nobody has called */
  | "quiet"
  /** has everything that a company can have */
  | "busy"
  /** has a number for demonstrations */
  | "demo"
  /** has a number that nobody has called for months */
  | "idle"
  /** has a number that Twilio no longer lists */
  | "gone";

export interface Resident {
  id: number;
  email: string;
  cookie: string;
}

/** A site with companies of each kind, and the tokens of links that were sent to them. */
export interface FurnishedSite extends Site {
  companies: Record<Who, Resident>;
  password: string;
  /** the call of the busy company's unheard message */
  unheard: string;
  /** the id of an API token of the busy company */
  token: number;
  links: Record<"reset" | "verify" | "asked" | "told", string>;
}

const minute = 60 * 1000;
const hour = 60 * minute;
const day = 24 * hour;
const daysAgo = (days: number) => new Date(Date.now() - days * day);

/** The server, its database and a mail server that nobody reads. */
export async function startFurnishedSite(): Promise<Site> {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const mail = await startMailServer();
  const { url } = await startServer({
    databaseUrl,
    env: {
      TWILIO_AUTH_TOKEN: authToken,
      TWILIO_ACCOUNT_SID: accountSid,
      SMTP_URL: mail.url,
      MAIL_FROM: "numbers@example.com",
      SUPPORT_EMAIL: "help@example.com",
      TERMS_URL: "https://example.com/terms",
      PRIVACY_URL: "https://example.com/privacy",
    },
  });
  return { url, db: openDatabase(databaseUrl) };
}

let made = 0;

/**
 * How numbers of several countries and kinds begin, none of them set aside for fiction, and how
 * many digits follow.
 */
const beginnings = [
  ["+35386555", 4],
  ["+35315", 6],
  ["+1415200", 4],
  ["+1800777", 4],
  ["+44203446", 4],
] as const;

function someNumbers(count: number): string[] {
  return Array.from({ length: count }, () => {
    const [beginning, digits] = beginnings[made % beginnings.length]!;
    return beginning + String((++made * 37) % 10_000).padStart(digits, "0");
  });
}

/** Puts exactly so many numbers on offer. */
export async function offer({ db }: Site, count: number): Promise<void> {
  await db("twilio_phone_numbers").where({ status: "available" }).delete();
  await addToPool(db, someNumbers(count));
}

/** Fills the site with new companies. */
export async function furnish(site: Site): Promise<FurnishedSite> {
  const { db } = site;
  const password = "a long quiet evening";
  const passwordHash = await hashPassword(password);
  const names: Record<Who, string> = {
    fresh: "Acme",
    quiet: "O'Brien & Daughters",
    busy: "Donaudampfschifffahrtsgesellschaft and Partners of the Upper Danube",
    demo: "Demonstrations",
    idle: "Sleepy Hollow",
    gone: "Lost Property",
  };
  const companies = {} as Record<Who, Resident>;
  for (const [who, company_name] of Object.entries(names) as [Who, string][]) {
    const { password: _, ...fields } = aCompany();
    const [row] = await db("companies")
      .insert({ ...fields, company_name, password_hash: passwordHash })
      .returning<{ id: number; email: string }[]>(["id", "email"]);
    const { id, email } = row!;
    if (who !== "fresh") await noteVerified(db, id, email);
    companies[who] = { id, email, cookie: await signedIn(db, id) };
  }
  const numbers = someNumbers(4);
  await addToPool(db, numbers);
  const demo = `+441632960${String(++made % 1000).padStart(3, "0")}`;
  await addToPool(db, [demo]);
  const owned: [Who, string][] = [
    ["quiet", numbers[0]!],
    ["busy", numbers[1]!],
    ["idle", numbers[2]!],
    ["gone", numbers[3]!],
    ["demo", demo],
  ];
  for (const [who, number] of owned) await assignPhoneNumber(db, companies[who].id, number);
  await noteGone(db, [numbers[3]!]);
  await recordIncomingCall(
    db,
    {
      callSid: newCallSid(),
      from: "+353871112222",
      to: numbers[2]!,
      status: "ringing",
      at: daysAgo(90),
    },
    { companyId: companies.idle.id, route: "phone" },
  );
  const { busy } = companies;
  const unheard = await fillLog(db, busy.id, numbers[1]!);
  const { token, links } = await fillSettings(db, busy);
  return { ...site, companies, password, unheard, token, links };
}

async function signedIn(db: Knex, id: number): Promise<string> {
  const [cookie = ""] = (await createCookie("session").serialize(await beginSession(db, id))).split(
    ";",
  );
  return cookie;
}

/** Makes two weeks of calls with every outcome. @returns the call of an unheard message */
async function fillLog(db: Knex, company: number, to: string): Promise<string> {
  let unheard = "";
  const callers = [
    "+353871112222",
    "anonymous",
    `sip:${"switchboard".repeat(9)}@example.com`,
    "+14155552671",
  ];
  for (let i = 0; i < 42; i++) {
    const scenario = scenarios[(i * 5) % scenarios.length]!;
    const callSid = newCallSid();
    const began = Date.now() - i * 8 * hour - minute;
    const caller = callers[i % callers.length]!;
    const at = (seconds: number) => new Date(began + seconds * 1000);
    for (const tell of callsOf(scenario, { callSid, company, to, caller, at })) await tell(db);
    if (!scenario.message) continue;
    if (unheard === "") unheard = callSid;
    else if (i > 20) await markHeard(db, company, callSid);
    else if (i > 10) await deleteMessage(db, company, callSid);
  }
  return unheard;
}

/** Puts something in each list of Settings, and makes links that wait to be followed. */
async function fillSettings(db: Knex, { id, email }: Resident) {
  await saveCallHandling(db, id, {
    greeting: "Thank you for calling. We are on the river, and call you back.",
    mode: "phone",
    target: "+353871234567",
    ringSeconds: 20,
    takeMessage: true,
  });
  for (const caller of ["+353871112222", "+14155552671", `sip:${"x".repeat(90)}@example.com`]) {
    await blockCaller(db, id, caller);
  }
  const agents = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
  ];
  for (const userAgent of agents) {
    await beginSession(db, id, daysAgo(3), {
      ...service,
      address: "2001:db8:1234:5678:9abc:def0:1234:5678",
      userAgent,
    });
  }
  await makeRecoveryCodes(db, id, "", service);
  const made = await makeToken(db, id, {
    name: "Nightly copy of the calls to the accounting system",
    scopes: ["numbers:read", "calls:read"],
    expires_at: null,
  });
  if (made.outcome !== "made") throw new Error(made.outcome);
  const told = [
    ["desk@example.com", null],
    [`${"evening.".repeat(7)}shift@example.com`, toDatabaseTime(daysAgo(1))],
  ] as const;
  for (const [email, confirmed_at] of told) {
    const added_at = toDatabaseTime(daysAgo(2));
    await db("told_addresses").insert({ company_id: id, email, added_at, confirmed_at });
  }
  const next = `new-${email}`;
  const asked_at = toDatabaseTime(daysAgo(0));
  await db("email_changes").insert({ company_id: id, email: next, asked_at });
  const link = { companyId: id, via: "email", codeHash: null } as const;
  return {
    token: Number(made.token.id),
    links: {
      reset: await makeLink(db, "reset", { ...link, address: email }),
      verify: await makeLink(db, "verify", { ...link, address: next }),
      asked: await makeToldLink(db, id, told[0][0]),
      told: await makeToldLink(db, id, told[1][0]),
    },
  };
}
