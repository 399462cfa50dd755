import type { Knex } from "knex";
import { createDatabase, isPostgres } from "#app/db.server.ts";
import { beginSession } from "#app/domain/sessions.server.ts";
import {
  install,
  keepWritersOut,
  recountCalls,
  refill,
  remove,
} from "#app/domain/rules/rules.server.ts";
import { shelfBits } from "#app/domain/rules/offer-postgres.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { factsOf, numberAt } from "../../tests/support/big-pool.ts";
import { insertCompanies } from "../../tests/support/companies.ts";
import { fillAccounts, type Data } from "../data.ts";

/** What requests with a large pool need. */
export interface ScaleData extends Data {
  /** a cursor of the API, nine tenths into the pool */
  late: string;
  /** sessions of companies without a number, each for one assignment */
  takers: string[];
  /** available numbers for them to take */
  takes: string[];
}

/**
 * One number in seven is assigned; there are a fifth as many companies as numbers, so some have
 * none yet.
 */
const numbersPerOwner = 7;
const companiesPerNumber = 1 / 5;

/**
 * American numbers that are in pools of every size, far apart, so that some rare searches fill
 * their page in each: some with 353, and some with 45 and an ending that is easy to remember.
 */
const planted = [
  ...Array.from({ length: 32 }, (_, at) => `+1213353${1_000 + at}`),
  ...Array.from({ length: 12 }, (_, at) => `+121345${100 + at}77`),
];

/**
 * Migrates an empty database and fills it: a pool, a fifth as many companies with a session each,
 * and as many calls as numbers. The rows are inserted by plain SQL without the rules, which are
 * then installed as a migration does it; `npm run doctor` finds nothing wrong with them.
 */
export async function fillScale(
  databaseUrl: string,
  size: number,
  takers: number,
): Promise<ScaleData> {
  const db = createDatabase(databaseUrl, { statementTimeout: 0, poolMax: 1 });
  try {
    await migrateToLatest(db);
    await remove(db);
    for (const statement of rowsOf(db, size)) await db.raw(statement);
    for (const [at, phone_number] of planted.entries()) {
      const id = Math.floor((size * (at + 1)) / (planted.length + 1));
      await db("twilio_phone_numbers")
        .where({ id: id % numbersPerOwner === 0 ? id + 1 : id })
        .update({ phone_number });
    }
    await install(db);
    await offer(db);
    await db.transaction(async (transaction) => {
      await keepWritersOut(transaction);
      await refill(transaction);
      await recountCalls(transaction);
    });
    await db.raw(isPostgres(db) ? "vacuum analyze" : "pragma wal_checkpoint(truncate)");
    return await account(db, size, takers);
  } finally {
    await db.destroy();
  }
}

function rowsOf(db: Knex, size: number): string[] {
  const postgres = isPostgres(db);
  const companies = Math.floor(size * companiesPerNumber);
  const owners = Math.min(companies, Math.floor(size / numbersPerOwner));
  const series = (count: number) =>
    postgres
      ? `generate_series(cast(1 as bigint), ${count}) i`
      : `(with recursive c (i) as (select 1 union all select i + 1 from c where i < ${count}) select i from c)`;
  /** SQL for so many seconds after the start of a day */
  const after = (day: string, seconds: string) =>
    postgres
      ? `timestamp '${day}' + (${seconds}) * interval '1 second'`
      : `datetime('${day}', (${seconds}) || ' seconds')`;
  // Relative to now, as are sessions' ends, calls in progress and how long calls are kept.
  const today = new Date().toISOString().slice(0, 10);
  const lastMonth = new Date(Date.now() - 30 * 24 * 3600 * 1000).toISOString().slice(0, 10);
  const owned = `i % ${numbersPerOwner} = 0 and i / ${numbersPerOwner} <= ${owners}`;
  const hex = (what: string) =>
    postgres ? `md5('${what}' || i) || md5(i || '${what}')` : "lower(hex(randomblob(32)))";
  const sid = postgres ? "'CA' || lpad(to_hex(i), 32, '0')" : "printf('CA%032x', i)";
  const caller = `1 + i % ${owners}`;
  return [
    `insert into companies (company_name, owner_name, email, password_hash, phone, twilio_phone_number)
     select 'Company ' || i, 'Ann Owner', 'owner' || i || '@large.example', 'none', '+353871234567',
            case when i <= ${owners} then ${numberAt(`(i * ${numbersPerOwner})`)} end
       from ${series(companies)} order by i`,
    `insert into twilio_phone_numbers (phone_number, status, created_at, assigned_to_company_id, assigned_at)
     select ${numberAt("i")}, case when ${owned} then 'assigned' else 'available' end, ${after("2026-01-01", "i / 20")},
            case when ${owned} then i / ${numbersPerOwner} end, case when ${owned} then ${after("2026-03-01", "i / 20")} end
       from ${series(size)} order by i`,
    `insert into calls (call_sid, from_number, to_number, company_id, route, twilio_status, dial_result, started_at, ended_at, seconds)
     select ${sid}, '+353871112222', ${numberAt(`((${caller}) * ${numbersPerOwner})`)}, ${caller}, 'phone', 'completed', 'answered',
            ${after(lastMonth, `(i * 13) % 2500000`)}, ${after(lastMonth, `(i * 13) % 2500000 + 9`)}, 9
       from ${series(size)}`,
    `insert into company_sessions (id_hash, company_id, created_at, last_seen_at, expires_at)
     select ${hex("session")}, i, ${after(today, "0")}, ${after(today, "0")}, ${after(today, "1000000")}
       from ${series(companies)}`,
  ];
}

/**
 * Puts the pool on offer with the facts about it; making an index afterwards is faster than
 * maintaining it.
 */
async function offer(db: Knex): Promise<void> {
  const postgres = isPostgres(db);
  const indexes = postgres
    ? ((await db("pg_indexes")
        .where({ tablename: "numbers_on_offer" })
        .whereNot({ indexname: "numbers_on_offer_pkey" })
        .select("indexname as name", "indexdef as made")) as { name: string; made: string }[])
    : [];
  for (const { name } of indexes) await db.raw(`drop index ${name}`);
  const { country, kind, memorable } = factsOf("phone_number");
  await db.raw(
    `insert into numbers_on_offer (id, phone_number, entered_at, country, kind, memorable${postgres ? ", shelf" : ""})
     select id, phone_number, created_at, ${country}, ${kind}, ${memorable}${postgres ? `, row_number() over (order by id) >> ${shelfBits}` : ""}
       from twilio_phone_numbers where status = 'available' order by id`,
  );
  if (postgres)
    await db.raw(
      "select setval('numbers_on_offer_place', (select count(*) + 1 from numbers_on_offer))",
    );
  for (const { made } of indexes) await db.raw(made);
}

async function account(db: Knex, size: number, takers: number): Promise<ScaleData> {
  const available = db("twilio_phone_numbers").where({ status: "available" });
  const [settled = "", called = "", ...takes] = await available
    .clone()
    .whereNotIn("phone_number", planted)
    .orderBy("id")
    .offset(10)
    .limit(takers + 2)
    .pluck<string[]>("phone_number");
  const data = await fillAccounts(db, settled, called);
  const sessions: string[] = [];
  for (const id of await insertCompanies(db, takers)) sessions.push(await beginSession(db, id));
  const last = await available
    .clone()
    .where("id", ">", Math.floor(size * 0.9))
    .orderBy("id")
    .first<{ created_at: string; id: number }>("created_at", "id");
  const late = Buffer.from(JSON.stringify([last.created_at, last.id])).toString("base64url");
  return { ...data, takers: sessions, takes, late };
}
