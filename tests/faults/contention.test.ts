import { describe, expect, test } from "vitest";
import { recentCalls } from "../support/calls.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import {
  exchange,
  inParallel,
  signedInCompanies,
  tryToAssign,
  type SignedInCompany,
  type Try,
} from "../support/load.ts";
import { startServer } from "../support/server.ts";
import { IncomingCall, sendSigned, twilioVariables } from "../support/twilio-webhooks.ts";
import { expectHeld } from "./checker.ts";

describe.each(engines)("many at once (%s)", (engine) => {
  /** A server, with as many processes as the engine allows to be two. */
  async function start(numbersInPool: number, companyCount: number) {
    const { url: databaseUrl } = await createMigratedDatabase(engine);
    const db = openDatabase(databaseUrl);
    const numbers = await fillPool(db, numbersInPool);
    const companies = await signedInCompanies(db, companyCount);
    const server = await startServer({
      databaseUrl,
      env: { ...twilioVariables, WEB_CONCURRENCY: engine === "postgres" ? "2" : "1" },
    });
    return { db, numbers, companies, url: server.url };
  }

  /** Tries, and again where nobody could say what came of it. */
  async function untilTold(url: string, company: SignedInCompany, number: string): Promise<Try[]> {
    const tries: Try[] = [];
    do tries.push(await tryToAssign(url, company, number));
    while (tries.at(-1)?.told === "unknown");
    return tries;
  }

  const toldAtLast = (tries: Try[][]) => tries.map((ofOne) => ofOne.at(-1)?.told);

  test("fault 12: of 200 companies that ask for the last number at once, one gets it", async () => {
    const { db, numbers, companies, url } = await start(1, 200);
    const tries = await inParallel(companies, 200, (company) =>
      untilTold(url, company, numbers[0]!),
    );
    const told = toldAtLast(tries);
    expect(told.filter((what) => what === "ok")).toHaveLength(1);
    expect(told.filter((what) => what === "failed")).toHaveLength(199);
    await expectHeld(db, tries.flat());
  });

  test("fault 13: a company that takes two numbers at once has one", async () => {
    const { db, numbers, companies, url } = await start(40, 20);
    const tries = await inParallel(
      companies.flatMap((company, index) => [
        { company, number: numbers[2 * index]! },
        { company, number: numbers[2 * index + 1]! },
      ]),
      40,
      ({ company, number }) => untilTold(url, company, number),
    );
    const told = toldAtLast(tries);
    expect(told.filter((what) => what === "ok")).toHaveLength(20);
    expect(told.filter((what) => what === "failed")).toHaveLength(20);
    await expectHeld(db, tries.flat());
  });

  test("fault 14: a choice that is sent twice at once, and again later, is made once", async () => {
    const { db, numbers, companies, url } = await start(20, 20);
    // By the form, and by a program.
    const submit = (company: SignedInCompany, number: string) =>
      exchange(`${url}/dashboard/choose-number`, {
        method: "POST",
        headers: {
          Cookie: company.cookie,
          "Content-Type": "application/x-www-form-urlencoded",
        },
        body: new URLSearchParams({ phone_number: number }).toString(),
      });
    const twice = [...companies.slice(0, 10), ...companies.slice(0, 10)];
    for (let round = 1; round <= 2; round++) {
      const forms = await inParallel(twice, 20, (company, index) =>
        submit(company, numbers[index % 10]!),
      );
      for (const { status, headers } of forms) {
        expect([status, headers.location]).toEqual([302, `${url}/dashboard`]);
      }
    }
    const byProgram = [...companies.slice(10), ...companies.slice(10), ...companies.slice(10)];
    const tries = await inParallel(byProgram, 20, (company, index) =>
      untilTold(url, company, numbers[10 + (index % 10)]!),
    );
    expect(new Set(toldAtLast(tries))).toEqual(new Set(["ok"]));
    await expectHeld(db, tries.flat());
    expect(await db("audit_events").where({ event: "assigned" })).toHaveLength(20);
  });

  test("fault 14: a keyed choice that is sent five times at once, and again, has one answer byte for byte", async () => {
    const { db, numbers, companies, url } = await start(20, 20);
    const submit = async (company: SignedInCompany, index: number) => {
      for (;;) {
        const answer = await exchange(`${url}/api/phone-numbers/assign`, {
          method: "POST",
          headers: {
            Cookie: company.cookie,
            "Content-Type": "application/json",
            "Idempotency-Key": `choice-${company.id}`,
          },
          body: JSON.stringify({ phone_number: numbers[index] }),
        });
        // Another with the same key is under way.
        if (answer.status !== 409) return answer;
      }
    };
    const five = Array.from({ length: 5 }, () => [...companies.entries()]).flat();
    for (let round = 1; round <= 2; round++) {
      const answers = await inParallel(five, 40, ([index, company]) => submit(company, index));
      for (const [at, { status, body }] of answers.entries()) {
        expect([status, body]).toEqual([200, answers[at % companies.length]!.body]);
        expect(JSON.parse(body)).toMatchObject({ phone_number: numbers[at % companies.length] });
      }
      const first = answers.filter(({ headers }) => headers["idempotent-replayed"] === undefined);
      expect(first).toHaveLength(round === 1 ? companies.length : 0);
    }
    await expectHeld(db, []);
    expect(await db("audit_events").where({ event: "assigned" })).toHaveLength(20);
  });

  test("fault 15: webhooks that come five times and out of order leave what one of each in order leaves", async () => {
    const { db, numbers, companies, url } = await start(1, 1);
    const [company, number] = [companies[0]!, numbers[0]!];
    await db("companies").where({ id: company.id }).update({ phone: "+353863334444" });
    await tryToAssign(url, company, number);
    const webhooks = (call: IncomingCall) => {
      const dialled = { ...call.fields("in-progress"), DialCallStatus: "completed" };
      return [
        ["/twilio/voice", call.fields("ringing")],
        ["/twilio/voice/dial-result", { ...dialled, DialCallDuration: "7" }],
        ["/twilio/voice/status", { ...call.fields("completed"), CallDuration: "9" }],
      ] as const;
    };
    const send = async ([path, fields]: readonly [string, Record<string, string>]) => {
      const { status } = await sendSigned(url, path, fields);
      expect([path, status]).toEqual([path, status === 204 ? 204 : 200]);
    };
    const inOrder = new IncomingCall(number);
    for (const webhook of webhooks(inOrder)) await send(webhook);
    const orders = [
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    for (const order of orders) {
      const sent = webhooks(new IncomingCall(number));
      // The first of each in this order, the other four of each after them, all at once.
      for (const which of order) await send(sent[which]!);
      await Promise.all(Array.from({ length: 4 }, () => sent.map(send)).flat());
    }
    const all = webhooks(new IncomingCall(number));
    await Promise.all(Array.from({ length: 5 }, () => all.map(send)).flat());

    const calls = await recentCalls(db, company.id, 50);
    expect(calls).toHaveLength(orders.length + 2);
    const outcomes = calls.map(({ outcome, reason, endedAt }) =>
      JSON.stringify([outcome, reason, endedAt !== null]),
    );
    expect(new Set(outcomes)).toEqual(new Set([outcomes.at(-1)]));
  });

  test("fault 19: an operator's SQL against the rules is refused", async () => {
    const { db, numbers, companies, url } = await start(4, 2);
    const tries = await inParallel(companies, 2, (company, index) =>
      tryToAssign(url, company, numbers[index]!),
    );
    expect(new Set(tries.map(({ told }) => told))).toEqual(new Set(["ok"]));
    const [id = 0, other = 0] = companies.map((company) => company.id);
    const [number = "", , free = ""] = numbers;
    const set = (what: string) =>
      `update twilio_phone_numbers set ${what} where phone_number = '${number}'`;
    const against = [
      `delete from twilio_phone_numbers where phone_number = '${number}'`,
      "delete from twilio_phone_numbers",
      `delete from companies where id = ${id}`,
      set("status = 'available'"),
      set("assigned_to_company_id = null"),
      set("assigned_at = null"),
      set(`assigned_to_company_id = ${other}`),
      set("status = 'available', assigned_to_company_id = null, assigned_at = null"),
      set("phone_number = '+353860009999'"),
      set("id = 999"),
      `update twilio_phone_numbers set status = 'assigned', assigned_to_company_id = ${id}, assigned_at = current_timestamp where phone_number = '${free}'`,
      `update twilio_phone_numbers set status = 'assigned' where phone_number = '${free}'`,
      `update companies set twilio_phone_number = null where id = ${id}`,
      `update companies set twilio_phone_number = '${free}' where id = ${id}`,
      `insert into companies (company_name, owner_name, email, password_hash, twilio_phone_number) values ('a', 'b', 'c@example.com', 'd', '${number}')`,
      `insert into twilio_phone_numbers (phone_number, status, assigned_to_company_id, assigned_at) values ('+353860009998', 'assigned', ${id}, current_timestamp)`,
      `delete from audit_events where event = 'assigned'`,
      `update audit_events set company_id = ${other} where event = 'assigned'`,
      ...(engine === "postgres"
        ? [
            "truncate twilio_phone_numbers",
            "truncate companies cascade",
            "truncate twilio_phone_numbers, companies cascade",
            "truncate audit_events",
            `insert into twilio_phone_numbers (phone_number) values ('${number}') on conflict (phone_number) do update set status = 'available', assigned_to_company_id = null, assigned_at = null`,
          ]
        : [
            `replace into twilio_phone_numbers (phone_number) values ('${number}')`,
            `insert or replace into twilio_phone_numbers (id, phone_number) select id, '+353860009997' from twilio_phone_numbers where phone_number = '${number}'`,
            `update or replace twilio_phone_numbers set phone_number = '${number}' where phone_number = '${free}'`,
            `replace into companies (id, company_name, owner_name, email, password_hash) values (${id}, 'a', 'b', 'd@example.com', 'd')`,
          ]),
    ];
    for (const sql of against) {
      const refused = await db.raw(sql).then(
        () => false,
        () => true,
      );
      expect([sql, refused]).toEqual([sql, true]);
    }
    await expectHeld(db, tries);
    expect(await db("twilio_phone_numbers")).toHaveLength(4);
    expect(await db("companies")).toHaveLength(2);
  });
});
