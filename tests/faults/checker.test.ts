import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import {
  inParallel,
  signedInCompanies,
  tryToAssign,
  type SignedInCompany,
  type Try,
} from "../support/load.ts";
import { startServer } from "../support/server.ts";
import { lastRead, violations, type LastRead } from "./checker.ts";

/** The checker is shown what it must see: servers and databases that are broken on purpose. */

let databaseUrl: string;
let db: Knex;
let numbers: string[];
let companies: SignedInCompany[];

/** Has the server's driver ask `text` of PostgreSQL in its own way; `ask(text, done)` asks as usual. */
const brokenDriver = (body: string) => {
  const script = `import{createRequire}from"node:module";
    const {Client}=createRequire(process.cwd()+"/")("pg");const query=Client.prototype.query;
    Client.prototype.query=function(config,...rest){const text=config?.text??config;const values=config?.values??[];
      const done=rest.at(-1);const ask=(...asked)=>query.apply(this,asked);${body};return query.call(this,config,...rest)}`;
  return {
    NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(script).toString("base64")}`,
  };
};

/** A burst of assignments to a server that is killed in it. */
async function burst(env: Record<string, string> = {}): Promise<Try[]> {
  const server = await startServer({ databaseUrl, env });
  let answered = 0;
  const tries = await inParallel(companies, 8, async (company, index) => {
    const result = await tryToAssign(server.url, company, numbers[index]!);
    if (++answered === 25) await server.kill();
    return result;
  });
  return tries;
}

const whatBroke = async (tries: Try[]) =>
  new Set(violations(tries, await lastRead(db)).map((one) => one.slice(0, one.indexOf(":"))));

describe("a server that is killed in a burst", () => {
  beforeEach(async () => {
    ({ url: databaseUrl } = await createMigratedDatabase("postgres"));
    db = openDatabase(databaseUrl);
    numbers = await fillPool(db, 40);
    companies = await signedInCompanies(db, 40);
  });

  test("a sound server that is killed in a burst breaks nothing", async () => {
    const tries = await burst();
    expect(new Set(tries.map(({ told }) => told))).toEqual(new Set(["ok", "unknown"]));
    expect(await whatBroke(tries)).toEqual(new Set());
  });

  test("a trigger that was dropped: the company is not carried along", async () => {
    const dropped = await db.raw<{ rows: { tgname: string }[] }>(
      "select tgname from pg_trigger where tgrelid = 'twilio_phone_numbers'::regclass and not tgisinternal and tgtype & 16 > 0",
    );
    expect(dropped.rows.length).toBeGreaterThan(0);
    for (const { tgname } of dropped.rows) {
      await db.raw("drop trigger ?? on twilio_phone_numbers", [tgname]);
    }
    expect(await whatBroke(await burst())).toEqual(new Set(["half done"]));
  });

  test("a commit that is not awaited", async () => {
    const env = brokenDriver(
      `if(/^COMMIT/.test(text)){setTimeout(()=>{try{ask("ROLLBACK")}catch{}},0);return done(null,{rows:[],command:"COMMIT"})}`,
    );
    expect(await whatBroke(await burst(env))).toContain("confirmed and lost");
  });

  test("an assignment that is kept in memory", async () => {
    const env = brokenDriver(
      `if(/^update "twilio_phone_numbers"/.test(text))return done(null,{command:"UPDATE",rowCount:1,rows:[{phone_number:values.find((one)=>/^[+]35/.test(one))}]})`,
    );
    const broke = await whatBroke(await burst(env));
    expect(broke).toContain("confirmed and lost");
    expect(broke).toContain("recorded and not done");
  });

  test("an audit trail that is not written", async () => {
    const env = brokenDriver(
      `if(/^insert into "audit_events"/.test(text))return done(null,{command:"INSERT",rowCount:1,rows:[]})`,
    );
    expect(await whatBroke(await burst(env))).toEqual(new Set(["done and not recorded"]));
  });

  test("an owner that an operator changes after the rules were taken away", async () => {
    const tries = await burst();
    const [one, other] = tries.filter(({ told }) => told === "ok").map(({ company }) => company.id);
    await db.transaction(async (transaction) => {
      await transaction.raw("set local session_replication_role = replica");
      const row = (id = 0) =>
        transaction("twilio_phone_numbers").where("assigned_to_company_id", id);
      await row(one).delete();
      await row(other).update({ assigned_to_company_id: one });
    });
    const broke = await whatBroke(tries);
    for (const what of ["confirmed and lost", "half done", "recorded and not done"]) {
      expect(broke).toContain(what);
    }
  });
});

describe("faults that no real database can be made to show are seen too", () => {
  const company = { id: 1, cookie: "" };
  const one: Try = { key: "try-1", company, phoneNumber: "+1", told: "ok", took: 1 };
  const sound: LastRead = {
    pool: [[1, "+1"]],
    companies: [[1, "+1"]],
    audit: [{ companyId: 1, phoneNumber: "+1", requestId: "try-1" }],
  };
  const broke = (tries: Try[], read: Partial<LastRead>) =>
    violations(tries, { ...sound, ...read }).map((text) => text.slice(0, text.indexOf(":")));

  test("nothing if nothing is wrong", () => {
    expect(broke([one], {})).toEqual([]);
    expect(broke([{ ...one, told: "failed" }, one], {})).toEqual([]);
    expect(broke([{ ...one, told: "unknown" }], { pool: [], companies: [], audit: [] })).toEqual(
      [],
    );
  });
  test.each<[string, Try[], Partial<LastRead>]>([
    ["refused and done", [{ ...one, told: "failed" }], {}],
    ["recorded for a request that was refused", [{ ...one, told: "failed" }], {}],
    ["told of two numbers", [one, { ...one, key: "try-2", phoneNumber: "+2" }], {}],
    ["a company twice in the pool", [one], { pool: [...sound.pool, [1, "+2"]] }],
    ["a number twice in the pool", [one], { pool: [...sound.pool, [2, "+1"]] }],
    ["a number twice in companies", [one], { companies: [...sound.companies, [2, "+1"]] }],
    ["half done", [one], { companies: [] }],
    ["twice in the audit trail", [one], { audit: [...sound.audit, ...sound.audit] }],
    ["recorded and not done", [], { pool: [], companies: [] }],
    [
      "recorded for a request that asked for something else",
      [{ ...one, phoneNumber: "+2", told: "unknown" }],
      {},
    ],
  ])("%s", (what, tries, read) => {
    expect(broke(tries, read)).toContain(what);
  });
});
