import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { isPostgres } from "#app/db.server.ts";
import { countCalls, mostCallsCounted } from "#app/domain/call-filter.server.ts";
import {
  eachCall,
  listCalls,
  mostSearched,
  type CallPage,
  type CallQuery,
} from "#app/domain/calls.server.ts";
import { insertCompany } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { postgresPlan, sqlitePlan, statementsOf, type Asked } from "../support/plans.ts";

/** Makes a call every five minutes; the first is from somebody who called only once. */
async function fillLog(db: Knex, company: number, other: number): Promise<void> {
  const postgres = isPostgres(db);
  const size = 100_000;
  const series = postgres
    ? `generate_series(1, ${size}) as i`
    : `(with recursive c (i) as (select 1 union all select i + 1 from c where i < ${size}) select i from c)`;
  const at = postgres
    ? "timestamp '2025-12-01' + i * interval '5 minutes'"
    : "datetime('2025-12-01', (i * 5) || ' minutes')";
  const digits = (sql: string) => `substr(cast(10000000 + ${sql} as text), 2)`;
  await db.raw(
    `insert into calls (call_sid, from_number, to_number, company_id, route, twilio_status, dial_result, started_at)
     select 'CA${"0".repeat(25)}' || ${digits("i")},
            case when i = 1 then '+441614960777' else '+35387' || ${digits("(i * 7919) % 9999991")} end,
            '+353861234567', case when i % 50 = 7 then ${other} else ${company} end, 'phone',
            case when i % 1000 = 0 then 'ringing' else 'completed' end,
            case when i % 2 = 1 then 'answered' end, ${at}
       from ${series} where true`,
  );
  if (postgres) await db.raw("vacuum analyze calls");
}

/** A cursor late in the log, at the other end of the year. */
const late = Buffer.from(`2025-12-20 00:00:00 CA${"0".repeat(32)}`).toString("base64url");
const since = new Date("2025-12-05T00:00:00Z");
const until = new Date("2026-11-01T00:00:00Z");

const narrowed: Partial<CallQuery>[] = [
  {},
  { outcome: "missed" },
  { outcome: "in-progress" },
  { outcome: "unknown" },
  { outcome: "busy" },
  { since, until },
  { outcome: "unknown", since, until },
];

describe.each(engines)("with 100,000 calls of a year on %s", (engine) => {
  let db: Knex;
  let company: number;
  beforeAll(async () => {
    db = openDatabase((await createMigratedDatabase(engine)).url, { statementTimeout: 0 });
    // So that statements arrive as written.
    db.userParams["prepares"] = false;
    company = await insertCompany(db);
    await fillLog(db, company, await insertCompany(db));
  }, 120_000);

  /**
   * Fails if a statement reads more than `most` calls on PostgreSQL, or on SQLite anything but a
   * range of an index.
   */
  async function expectBounded(asked: Asked, most: number, index: RegExp): Promise<void> {
    if (isPostgres(db)) {
      const { mostRead } = await postgresPlan(db, asked);
      // If most calls are one company's, PostgreSQL reads all companies' by their time.
      expect(mostRead, asked[0]).toBeLessThanOrEqual(4 * most);
    } else {
      const plan = await sqlitePlan(db, asked);
      const reads = plan.filter((step) => /^(SEARCH|SCAN) calls USING/.test(step));
      expect(reads.length).toBeGreaterThan(0);
      for (const step of reads) expect(step, asked[0]).toMatch(index);
      if (most < mostSearched) expect(plan.join()).not.toContain("TEMP B-TREE");
    }
  }

  // One search in an index, between both bounds if there are two.
  const indexOf = ({ outcome, since, until, cursor }: Partial<CallQuery>) =>
    new RegExp(
      `INDEX calls_of_company${outcome ? "_by_outcome" : ""} \\(company_id=\\?${outcome ? " AND outcome=\\?" : ""}` +
        `${since || outcome === "in-progress" ? " AND started_at>\\?" : ""}` +
        `${until || cursor || outcome === "unknown" ? " AND \\(started_at,call_sid\\)<\\(\\?,\\?\\)" : ""}\\)$`,
    );

  async function pageOf(query: Partial<CallQuery>): Promise<[Asked, CallPage & { ok: true }]> {
    let page: CallPage | undefined;
    const asked = await statementsOf(db, async () => {
      page = await listCalls(db, company, { limit: 25, ...query });
    });
    expect(asked).toHaveLength(1);
    if (!page?.ok) throw new Error("refused");
    return [asked[0]!, page];
  }

  test.each(narrowed)(
    "a page of %j reads only what it shows, whether early or late",
    async (query) => {
      for (const narrower of [query, { ...query, cursor: late }]) {
        const [asked] = await pageOf(narrower);
        await expectBounded(asked, 26, indexOf(narrower));
      }
    },
  );

  test.each(narrowed)(
    "a page of %j searched for digits looks through a limited number of calls",
    async (query) => {
      for (const search of ["777", "4961", "000000000"]) {
        for (const narrower of [query, { ...query, cursor: late }]) {
          const [asked] = await pageOf({ ...narrower, search });
          await expectBounded(asked, mostSearched, indexOf(narrower));
        }
      }
    },
  );

  test("a caller who called once, a year ago, is found by going from page to page", async () => {
    const search = "0161 496 0777";
    let cursor: string | undefined;
    let pages = 0;
    for (;;) {
      const [, page] = await pageOf({ search, cursor });
      pages++;
      if (page.calls.length > 0) {
        expect(page).toMatchObject({ calls: [{ from: "+441614960777" }], nextCursor: null });
        break;
      }
      expect(page.nextCursor).not.toBeNull();
      cursor = page.nextCursor!;
    }
    expect(pages).toBe(Math.ceil(98_000 / mostSearched));
    expect(await pageOf({ search, outcome: "answered" }).then(([, { calls }]) => calls)).toEqual(
      [],
    );
    const [, page] = await pageOf({ search, until: new Date("2025-12-02T00:00:00Z") });
    expect(page).toMatchObject({ calls: [{ from: "+441614960777" }], nextCursor: null });
  });

  test("calls of a kind are counted up to a thousand, within any period", async () => {
    for (const time of [{}, { since, until }]) {
      let counts: Awaited<ReturnType<typeof countCalls>> | undefined;
      const [asked] = await statementsOf(db, async () => {
        counts = await countCalls(db, company, time);
      });
      expect(counts).toMatchObject({
        answered: mostCallsCounted + 1,
        missed: mostCallsCounted + 1,
        busy: 0,
      });
      expect(counts!.unknown + counts!["in-progress"]).toBeLessThanOrEqual(100);
      await expectBounded(
        asked!,
        mostCallsCounted + 1,
        /INDEX calls_of_company_by_outcome \(company_id=\? AND outcome=\? AND started_at>\? AND started_at<\?\)$/,
      );
    }
  });

  test("an export reads a page at a time, and late pages as cheaply as the first", async () => {
    const query = { outcome: "missed", since, until } as const;
    const asked = await statementsOf(db, async () => {
      let read = 0;
      for await (const _ of eachCall(db, company, query)) if (++read === 2_000) break;
    });
    expect(asked).toHaveLength(4);
    await expectBounded(asked.at(-1)!, 501, indexOf({ ...query, cursor: late }));
  });
});
