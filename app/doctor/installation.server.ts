import { statSync } from "node:fs";
import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { hasLeftOfErased } from "#app/domain/closed-companies.server.ts";
import { recordingsWaiting } from "#app/domain/recordings-to-delete.server.ts";
import { hasRecordingsAccount } from "#app/twilio/recordings.server.ts";
import { unsentMail } from "#app/domain/mail-queue.server.ts";
import { whyNoDatabase } from "#app/domain/database-errors.server.ts";
import { found, type Finding } from "#app/doctor/finding.ts";
import { examineOffer } from "#app/doctor/offer.server.ts";
import { findOtherSchema, whatIsThere } from "#app/doctor/damage/tables.server.ts";
import { findDamage } from "#app/doctor/damage/diagnosis.server.ts";
import { missing as missingRules } from "#app/domain/rules/rules.server.ts";
import { isReachableByTwilio } from "#app/twilio/voice-settings.server.ts";
import type { Environment } from "#app/env.server.ts";
import { encodingOf, pendingMigrations } from "#app/migrate.server.ts";

/**
 * What is wrong with this installation: its configuration, its database, and the numbers in it.
 * Nothing is changed, and everything that can be checked is, even if something else is broken.
 */

/** What is wrong with the environment. */
export function examineConfiguration(
  env: Environment,
  { offline }: { offline: boolean },
): Finding[] {
  return [...examinePublicUrl(env.PUBLIC_URL), ...(offline ? [] : examineCredentials(env))];
}

function examinePublicUrl(publicUrl: string): Finding[] {
  const mend =
    "set PUBLIC_URL=https://YOUR-HOST in the environment or in .env, then “npm run sync”";
  if (!isReachableByTwilio(publicUrl)) {
    return found(
      "public-url-not-reachable",
      `PUBLIC_URL is ${publicUrl}, where Twilio cannot call it.`,
      mend,
    );
  }
  if (publicUrl.startsWith("https:")) return [];
  return found(
    "public-url-not-https",
    `PUBLIC_URL is ${publicUrl}, so passwords, cookies and calls cross the network unencrypted.`,
    mend,
  );
}

function examineCredentials(env: Environment): Finding[] {
  const lacks = {
    TWILIO_AUTH_TOKEN: "every call is answered 503",
    TWILIO_ACCOUNT_SID: "the pool cannot be compared with Twilio",
  };
  return (Object.keys(lacks) as (keyof typeof lacks)[])
    .filter((name) => !env[name])
    .flatMap((name) =>
      found(
        `${name.toLowerCase().replaceAll("_", "-")}-missing`,
        `${name} is not set, so ${lacks[name]}.`,
        `set ${name} in the environment or in .env (Twilio's console, Account Info)`,
      ),
    );
}

/**
 * What is wrong with the database, and whether it has a pool to check.
 * @param beside the same database by another connection; with a large pool the two halves of the
 * work take seconds each
 */
export async function examineDatabase(
  db: Knex,
  beside = db,
): Promise<{ findings: Finding[]; hasPool: boolean }> {
  try {
    await db.raw("select 1");
  } catch (error) {
    const findings = found(
      "database-unreachable",
      `The database of DATABASE_URL ${whyNoDatabase(error)}.`,
      "check DATABASE_URL, and that the database runs",
    );
    return { findings, hasPool: false };
  }
  const findings = [
    ...(isPostgres(db) ? await examineDurability(db) : []),
    ...(await examineEncoding(db)),
    ...examineMode(db),
  ];
  const other = await findOtherSchema(db);
  if (other) findings.push(...found("tables-in-another-schema", other.finding, other.mend));
  const pending = await pendingMigrations(db);
  if (pending.length > 0) {
    findings.push(
      ...found(
        "migrations-pending",
        `The schema is not current; it misses ${pending.join(", ")}.`,
        "npm run migrate",
      ),
    );
  }
  const there = await whatIsThere(db);
  if (there !== "all") {
    if (there === "some") findings.push(...(await examineRows(db)));
    return { findings, hasPool: false };
  }
  const off = isPostgres(db) ? await examineTriggers(db) : [];
  // One that is switched off counts as missing, too.
  const missing = off.length === 0 && pending.length === 0 ? await examineRules(db) : [];
  const waiting =
    pending.length === 0 ? [...(await examineMail(db)), ...(await examineErasure(db))] : [];
  const isCurrent = pending.length === 0 && off.length === 0 && missing.length === 0;
  const [rows, offer] = await Promise.all([examineRows(db), isCurrent ? examineOffer(beside) : []]);
  findings.push(...off, ...missing, ...rows, ...offer, ...waiting);
  return { findings, hasPool: true };
}

async function examineRows(db: Knex): Promise<Finding[]> {
  return (await findDamage(db)).map(({ kind, finding, decision, repair }) => ({
    code: kind,
    finding,
    mend: repair === undefined ? `to decide: ${decision}` : `npm run doctor -- --repair: ${repair}`,
  }));
}

/**
 * With either of these off, a confirmed assignment may be lost when PostgreSQL or its machine
 * crashes.
 */
async function examineDurability(db: Knex): Promise<Finding[]> {
  const { rows } = await db.raw<{
    rows: { name: string; source: string; database: string; role: string }[];
  }>(
    `select name, source, quote_ident(current_database()) as database, quote_ident(current_user) as role
       from pg_settings where name in ('fsync', 'synchronous_commit') and setting = 'off' order by name`,
  );
  return rows.map(({ name, source, database, role }) => ({
    code: `postgres-${name.replace("_", "-")}-off`,
    finding: `PostgreSQL runs with ${name} off: a crash may lose assignments that were confirmed.`,
    mend:
      {
        database: `alter database ${database} reset ${name};`,
        user: `alter role ${role} reset ${name};`,
        "database user": `alter role ${role} in database ${database} reset ${name};`,
        client: `take ${name} out of DATABASE_URL's options`,
        "command line": `start PostgreSQL without -c ${name}=off`,
      }[source] ?? `alter system set ${name} = on; select pg_reload_conf();`,
  }));
}

/** A copy that was put back has the mode of the copy. */
function examineMode(db: Knex): Finding[] {
  if (isPostgres(db) || process.platform === "win32") return [];
  const { filename } = (db.client as Knex.Client).config.connection as { filename: string };
  if ((statSync(filename).mode & 0o077) === 0) return [];
  return found(
    "database-file-open-to-others",
    `${filename} holds password hashes, and other users of this machine may open it.`,
    `chmod 600 ${filename}`,
  );
}

/** Mail that is waiting, and why, and mail that will never arrive. */
async function examineMail(db: Knex): Promise<Finding[]> {
  return (await unsentMail(db)).flatMap(({ count, why, givenUp, since, isLate }) => {
    const mails = count === 1 ? "One mail" : `${count} mails`;
    if (givenUp) {
      return found(
        "mail-refused",
        `${mails} will not be sent: the mail server ${why}.`,
        "“npm run companies” shows who has an email that is not verified; this is told for two weeks",
      );
    }
    if (why !== null) {
      return found(
        "mail-waiting",
        `${mails} ${count === 1 ? "waits" : "wait"} since ${since}: the mail server ${why}.`,
        "check SMTP_URL and MAIL_FROM; what waits is sent by itself once the server takes it",
      );
    }
    return isLate
      ? found(
          "mail-not-tried",
          `${mails} ${count === 1 ? "waits" : "wait"} since ${since}, and nobody sends.`,
          "set SMTP_URL and MAIL_FROM, and run “npm start”, or “npm run work -- --once” every minute",
        )
      : [];
  });
}

/** What has been erased here but not yet everywhere. */
async function examineErasure(db: Knex): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (await hasLeftOfErased(db)) {
    findings.push(
      ...found(
        "calls-to-erase",
        "Calls or other data of a company that is erased are still there.",
        "they go by themselves while “npm start” runs; without it, “npm run work -- --once”",
      ),
    );
  }
  const waiting = await recordingsWaiting(db);
  if (!waiting) return findings;
  const { count, since, failure } = waiting;
  const messages = count === 1 ? "One message waits" : `${count} messages wait`;
  const why =
    failure !== null
      ? `Twilio ${failure}`
      : hasRecordingsAccount()
        ? "nobody has tried yet"
        : "no account is named";
  findings.push(
    ...found(
      "recordings-to-delete",
      `${messages} since ${since} to be deleted at Twilio: ${why}.`,
      "set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, and run “npm start”, or “npm run work -- --once” every minute",
    ),
  );
  return findings;
}

async function examineEncoding(db: Knex): Promise<Finding[]> {
  const encoding = await encodingOf(db);
  if (encoding === "UTF8") return [];
  return found(
    "database-not-utf8",
    `The database is in ${encoding}, which has no room for every name.`,
    "move it into one that is in UTF-8 (createdb --encoding=UTF8 --template=template0 NAME)",
  );
}

async function examineRules(db: Knex): Promise<Finding[]> {
  const missing = await missingRules(db);
  if (missing.length === 0) return [];
  return found(
    "triggers-missing",
    `The rules of assignment do not hold: ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing from the database.`,
    "npm run migrate -- --restore-rules",
  );
}

/** Somebody who changed rows by hand may have forgotten to switch the rules' triggers back on. */
async function examineTriggers(db: Knex): Promise<Finding[]> {
  const { rows } = await db.raw<{
    rows: { name: string; triggers: string; internal: boolean }[];
  }>(
    `select tgrelid::regclass::text as name, string_agg(tgname, ', ' order by tgname) as triggers, bool_or(tgisinternal) as internal
       from pg_trigger
      where tgrelid in (to_regclass('companies'), to_regclass('twilio_phone_numbers')) and tgenabled in ('D', 'R')
      group by tgrelid order by 1`,
  );
  return rows.map(({ name, triggers, internal }) => ({
    code: "triggers-off",
    finding: `The rules of ${name} do not hold: ${triggers} is switched off.`,
    mend: `alter table ${name} enable trigger ${internal ? "all" : "user"};`,
  }));
}
