import type { Knex } from "knex";
import { beforeEach, expect, test } from "vitest";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { recordIncomingCall } from "#app/domain/call-events.server.ts";
import { findCalledCompany, saveCallHandling } from "#app/domain/call-handling.server.ts";
import { unmatchedCalls } from "#app/domain/calls.server.ts";
import { surveyOffer } from "#app/domain/offer-survey.server.ts";
import { overviewOf } from "#app/domain/overview.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { beginSession, findSession } from "#app/domain/sessions.server.ts";
import { from, newCallSid } from "../support/calls.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";
import { countQueries } from "../support/queries.ts";

describeEachEngine("how often the database is asked", (engine, open) => {
  let db: Knex;
  let company: number;
  let number: string;
  let session: string;
  beforeEach(async () => {
    db = await open();
    company = await insertCompany(db, { phone: "+353871112222" });
    [number] = (await fillPool(db, 30)) as [string];
    await assignPhoneNumber(db, company, number);
    session = await beginSession(db, company);
  });

  test("once for the signed-in company, with its number", async () => {
    expect(await countQueries(db, () => findSession(db, session))).toBe(1);
  });

  test("twice for the dashboard", async () => {
    const dashboard = async () => {
      const { company } = (await findSession(db, session))!;
      await overviewOf(db, company.id, { calls: 5, days: 14 });
    };
    expect(await countQueries(db, dashboard)).toBe(2);
  });

  test.each(["", "0000"])("three times for the picker, searched for %j", async (search) => {
    const picker = async () => {
      await findSession(db, session);
      await listAvailable(db, { limit: 10, search });
      await surveyOffer(db, { search }, "somebody");
    };
    expect(await countQueries(db, picker)).toBe(3);
  });

  test("twice for a call: whose it is, and to keep it", async () => {
    const call = async () => {
      const called = (await findCalledCompany(db, number))!;
      await recordIncomingCall(
        db,
        { callSid: newCallSid(), from, to: number },
        { companyId: called.companyId, route: called.handling.mode },
      );
      expect(called.handling.mode).toBe("phone");
    };
    expect(await countQueries(db, call)).toBe(2);
    await saveCallHandling(db, company, {
      greeting: "Hello.",
      mode: "phone",
      target: "+353871113333",
      ringSeconds: 15,
      takeMessage: true,
    });
    expect(await countQueries(db, call)).toBe(2);
  });

  test("the newest calls to nobody are found in order, with none of the others read", async () => {
    const asked: { sql: string; bindings: Knex.RawBinding[] }[] = [];
    db.on("query", (query: (typeof asked)[number]) => asked.push(query));
    await unmatchedCalls(db, 10);
    const { sql, bindings } = asked[0]!;
    const plan = JSON.stringify(
      await db.transaction(async (trx) => {
        // With few rows the planner would rather sort them than use the index.
        if (engine === "postgres") await trx.raw("set local enable_seqscan = off");
        return trx.raw(
          `explain ${engine === "postgres" ? "" : "query plan"} ${sql.replaceAll(/\$\d+/g, "?")}`,
          bindings,
        );
      }),
    );
    expect(plan).toMatch(
      engine === "postgres" ? /Index Scan.*calls_of_nobody/ : /calls_of_company/,
    );
    expect(plan).not.toMatch(/Sort|TEMP B-TREE/);
  });
});
