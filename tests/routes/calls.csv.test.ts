import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { reading } from "#app/db.server.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { toDatabaseTime } from "#app/domain/times.ts";
import { loader as exportLoader } from "#app/routes/calls[.]csv.ts";
import { newCallSid, secondsIn } from "../support/calls.ts";
import { Client } from "../support/client.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { signedInCompanies } from "../support/load.ts";
import { startServer } from "../support/server.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";
import { called, page, useCallSite } from "../support/call-pages.ts";

/** An export's lines, read as RFC 4180 has them. */
function cellsOf(csv: string): string[][] {
  const rows: string[][] = [[]];
  const cells = csv.matchAll(/("(?:[^"]|"")*"|[^",\r\n]*)(,|\r\n|$)/g);
  for (const [, cell = "", end] of cells) {
    rows.at(-1)?.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end === "\r\n") rows.push([]);
    if (end === "") break;
  }
  expect(rows.pop()).toEqual([""]);
  return rows;
}

describe.each(engines)("the export of calls on %s", (engine) => {
  const site = useCallSite(engine);

  test("has every call, with times in UTC, and nothing that a spreadsheet would execute", async () => {
    const company = await site.fresh();
    const nasty: [from: string, cell: string][] = [
      ["+353871112222", "+353 87 111 2222"],
      ['=HYPERLINK("http://evil","x")', `'=HYPERLINK("http://evil","x")`],
      ["+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"],
      ["-2+3", "'-2+3"],
      ["@SUM(A1)", "'@SUM(A1)"],
      ["\t=1+1", "'=1+1"],
      ["sip:a,b@x.ie\r\n=1+1", "sip:a,b@x.ie =1+1"],
      ['sip:"Ann" <a@x.ie>', 'sip:"Ann" <a@x.ie>'],
      ["sip:zoë@x.ie", "sip:zoë@x.ie"],
      ["anonymous", "Number withheld"],
    ];
    for (const [index, [from]] of nasty.entries()) {
      await called(site.db, company, { from, at: secondsIn(-index) });
    }
    const answer = await company.client.fetch("/calls.csv");
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "text/csv; charset=utf-8",
      "content-disposition": expect.stringMatching(
        /^attachment; filename="calls-\d{4}-\d\d-\d\d\.csv"$/,
      ) as string,
      "cache-control": "no-store, no-transform",
    });
    const [head, ...rows] = cellsOf(await answer.text());
    expect(head?.slice(0, 4)).toEqual(["started_at", "caller", "called", "outcome"]);
    expect(rows.map((row) => row[1])).toEqual(nasty.map(([, cell]) => cell));
    expect(rows[0]).toEqual([
      "2026-11-22T10:00:00Z",
      "+353 87 111 2222",
      formatPhoneNumber(company.number),
      "in-progress",
      "The call is going on.",
      "",
      "",
      "",
      "",
      expect.stringMatching(/^CA[0-9a-f]{32}$/),
    ]);
  });

  test("can be narrowed to one outcome, and is just a heading if there is no call", async () => {
    const company = await site.fresh();
    await called(site.db, company);
    const busy = await page(company, "/calls.csv?outcome=busy");
    expect(cellsOf(busy.html)).toHaveLength(1);
    const going = await page(company, "/calls.csv?outcome=in-progress");
    expect(cellsOf(going.html)).toHaveLength(2);
  });

  test("is not buffered under Remix's data address, and HEAD reads none of it", async () => {
    const company = await site.fresh();
    const callSid = await called(site.db, company);
    const { html } = await page(company, "/calls.csv.data");
    expect(html).not.toContain(callSid);
    const head = await company.client.fetch("/calls.csv", { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(head.headers.get("Content-Type")).toMatch(/^text\/csv/);
    expect(await head.text()).toBe("");
  });
});

describe("the export of 20,000 calls", () => {
  let db: Knex;
  let cookie: string;
  let url: string;
  beforeAll(async () => {
    url = (await createMigratedDatabase("sqlite")).url;
    db = openDatabase(url);
    const [company] = await signedInCompanies(db, 1);
    cookie = company!.cookie;
    await insertCalls(db, company!.id, 20_000);
  });

  async function insertCalls(to: Knex, companyId: number, count: number) {
    await to.transaction(async (transaction) => {
      for (let done = 0; done < count; done += 100) {
        await transaction("calls").insert(
          Array.from({ length: 100 }, (_, i) => ({
            call_sid: newCallSid(),
            from_number: `+35387${String(done + i).padStart(7, "0")}`,
            to_number: "+353860000000",
            company_id: companyId,
            route: "phone",
            twilio_status: "completed",
            recording_absent: false,
            started_at: toDatabaseTime(secondsIn(done + i)),
            seconds: 10,
          })),
        );
      }
    });
  }

  test("is complete", async () => {
    const server = await startServer({ databaseUrl: url });
    const answer = await new Client(server.url, { Cookie: cookie }).fetch("/calls.csv");
    const rows = cellsOf(await answer.text());
    expect(rows).toHaveLength(20_001);
    expect(new Set(rows.map((row) => row.at(-1))).size).toBe(20_001);
  });

  test("is read from the database in small pieces as it is taken, and no further once the reader goes", async () => {
    useEnvironment({ DATABASE_URL: url });
    let queries = 0;
    reading().on("query", () => queries++);
    const open = async (signal: AbortSignal) => {
      const request = new Request("http://localhost:3000/calls.csv", {
        headers: { Cookie: cookie },
        signal,
      });
      const { body } = await exportLoader({ request, params: {}, context: {} });
      return body!.getReader();
    };
    const never = new AbortController().signal;
    const reader = await open(never);
    const begun = queries;
    const { value } = await reader.read();
    expect(queries - begun).toBe(1);
    let largest = value!.byteLength;
    let total = largest;
    for (;;) {
      const part = await reader.read();
      if (part.done) break;
      largest = Math.max(largest, part.value.byteLength);
      total += part.value.byteLength;
    }
    expect(total).toBeGreaterThan(2_000_000);
    expect(largest).toBeLessThan(32 * 1024);

    const cancelled = await open(never);
    await cancelled.read();
    await cancelled.cancel();
    const gone = new AbortController();
    const abandoned = await open(gone.signal);
    await abandoned.read();
    gone.abort();
    const settled = queries;
    expect((await abandoned.read()).done).toBe(true);
    expect(queries).toBe(settled);
  });
});
