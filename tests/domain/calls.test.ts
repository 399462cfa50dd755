import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import {
  recordCallStatus,
  recordDialResult,
  recordIncomingCall,
  recordRecording,
  recordStreamEnd,
} from "#app/domain/call-events.server.ts";
import { expireCalls } from "#app/domain/call-erasure.server.ts";
import {
  eachCall,
  listCalls,
  unmatchedCalls,
  wasCalled,
  type Call,
} from "#app/domain/calls.server.ts";
import { overviewOf } from "#app/domain/overview.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";
import { callsPerDay, from, newCallSid, recentCalls, secondsIn } from "../support/calls.ts";

async function all(calls: AsyncIterable<Call>): Promise<Call[]> {
  const list: Call[] = [];
  for await (const call of calls) list.push(call);
  return list;
}

describeEachEngine("the call log", (_engine, open) => {
  let db: Knex;
  let company: number;
  let other: number;
  let to: string;
  let unowned: string;
  beforeEach(async () => {
    db = await open();
    [company, other] = [await insertCompany(db), await insertCompany(db)];
    [to, unowned] = (await fillPool(db, 2)) as [string, string];
    await assignPhoneNumber(db, company, to);
  });

  /** Records a call whose end is never reported. */
  async function comes(at: Date, number = to): Promise<string> {
    const callSid = newCallSid();
    await recordIncomingCall(
      db,
      { callSid, from, to: number, status: "ringing", at },
      number === to ? { companyId: company, route: "phone" } : undefined,
    );
    return callSid;
  }

  async function only(): Promise<Call> {
    const calls = await recentCalls(db, company, 10);
    expect(calls).toHaveLength(1);
    return calls[0]!;
  }

  describe("whose call it was", () => {
    test("only the operator sees a call to a number that is nobody's", async () => {
      const callSid = await comes(secondsIn(0), unowned);
      expect(await unmatchedCalls(db, 10)).toMatchObject([
        {
          callSid,
          to: unowned,
          outcome: "unmatched",
          reason: "The number belonged to no company.",
        },
      ]);
      expect(await recentCalls(db, company, 10)).toEqual([]);
    });

    test("a company that gets the number later does not get the call", async () => {
      const callSid = await comes(secondsIn(0), unowned);
      await assignPhoneNumber(db, other, unowned);
      const event = { callSid, from, to: unowned };
      await recordCallStatus(db, { ...event, status: "completed" }, 3);
      await recordDialResult(db, event, "busy");
      expect(await recentCalls(db, other, 10)).toEqual([]);
      expect(await unmatchedCalls(db, 10)).toHaveLength(1);
    });

    test("a callback that comes before the call itself makes its row, if the number is in the pool", async () => {
      const callSid = newCallSid();
      await recordRecording(db, { callSid, to }, { sid: `RE${"e".repeat(32)}`, seconds: 3 });
      expect(await only()).toMatchObject({ callSid, from: "", outcome: "message" });
      await recordCallStatus(db, { callSid, from, to, status: "completed" }, 9);
      expect(await only()).toMatchObject({ callSid, from, outcome: "message" });
    });

    test("callbacks of unknown calls make no row unless they name a number of the pool", async () => {
      for (const number of [undefined, "", "anonymous", "sip:a@example.com", "+353869999999"]) {
        const event = { callSid: newCallSid(), from, to: number, status: "completed" };
        await recordCallStatus(db, event, 9);
        await recordDialResult(db, event, "answered");
        await recordStreamEnd(db, event);
        await recordRecording(db, event, "absent");
      }
      expect(await db("calls")).toEqual([]);
    });

    test("callbacks of a known call need no number", async () => {
      const callSid = await comes(secondsIn(0));
      await recordDialResult(db, { callSid }, "answered");
      await recordCallStatus(db, { callSid, status: "completed" }, 9);
      expect(await only()).toMatchObject({ outcome: "answered", seconds: 9 });
    });

    test("calls to nobody's number go after 30 days, and no company's calls with them", async () => {
      const kept = await comes(secondsIn(0), unowned);
      await comes(new Date("2026-10-22T09:59:59Z"), unowned);
      await comes(new Date("2020-01-01T00:00:00Z"), "+353869999999");
      await comes(new Date("2020-01-01T00:00:00Z"));
      await expireCalls(db, 3_000, new Date("2026-11-21T10:00:00Z"));
      expect(await unmatchedCalls(db, 10)).toMatchObject([{ callSid: kept }]);
      expect(await recentCalls(db, company, 10)).toHaveLength(1);
    });

    test("no query shows one company another's calls", async () => {
      await comes(secondsIn(0));
      await assignPhoneNumber(db, other, unowned);
      expect(await recentCalls(db, other, 10)).toEqual([]);
      expect(await listCalls(db, other, { limit: 10 })).toEqual({
        ok: true,
        calls: [],
        nextCursor: null,
      });
      expect(await all(eachCall(db, other))).toEqual([]);
      expect(await overviewOf(db, other, { calls: 5, days: 1 })).toMatchObject({
        recent: [],
        first: undefined,
      });
      expect(await wasCalled(db, other)).toBe(false);
      const days = await callsPerDay(db, other, 14, "UTC", secondsIn(0));
      expect(days.every(({ calls }) => calls === 0)).toBe(true);
    });

    test("a cursor of one company shows another only its own calls", async () => {
      await comes(secondsIn(0));
      await comes(secondsIn(1));
      const first = await listCalls(db, company, { limit: 1 });
      const cursor = first.ok ? (first.nextCursor ?? "") : "";
      expect(await listCalls(db, other, { limit: 1, cursor })).toMatchObject({
        calls: [],
      });
    });
  });

  describe("looking at the log", () => {
    test("pages run newest first, and new calls meanwhile cause neither repeats nor gaps", async () => {
      const sids: string[] = [];
      // Three in each second, so that pages end within one.
      for (let i = 0; i < 12; i++) {
        sids.push(await comes(secondsIn(Math.floor(i / 3))));
      }
      const seen: Call[] = [];
      let cursor: string | undefined;
      for (let pages = 0; pages < 10; pages++) {
        const page = await listCalls(db, company, { limit: 5, cursor });
        if (!page.ok) throw new Error("refused");
        seen.push(...page.calls);
        await comes(secondsIn(100 + pages));
        if (page.nextCursor === null) break;
        cursor = page.nextCursor;
      }
      expect(seen.map(({ callSid }) => callSid).sort()).toEqual(sids.sort());
      const times = seen.map(({ startedAt }) => startedAt);
      expect(times).toEqual([...times].sort().reverse());
    });

    test("pages can be of one outcome", async () => {
      const callSid = await comes(secondsIn(0));
      await comes(secondsIn(1));
      await recordDialResult(db, { callSid }, "answered");
      const page = await listCalls(db, company, {
        limit: 10,
        outcome: "answered",
      });
      expect(page).toMatchObject({ calls: [{ callSid }], nextCursor: null });
      const answered = eachCall(db, company, { outcome: "answered" });
      expect(await all(answered)).toMatchObject([{ callSid }]);
    });

    test("an invented cursor is refused", async () => {
      const cursors = [
        "",
        "x",
        "9",
        "2026-99-22 10:00:00 CA".padEnd(54, "0"),
        "2026-02-30 10:00:00 CA".padEnd(54, "0"),
        "0000-01-01 10:00:00 CA".padEnd(54, "0"),
      ];
      for (const cursor of cursors.flatMap((text) => [
        text,
        Buffer.from(text).toString("base64url"),
      ])) {
        expect(await listCalls(db, company, { limit: 1, cursor })).toEqual({
          ok: false,
          invalid: "cursor",
        });
      }
    });

    test("every call is in the export once, over several reads", async () => {
      const rows = Array.from({ length: 1_100 }, (_, index) => ({
        call_sid: newCallSid(),
        from_number: from,
        to_number: to,
        company_id: company,
        twilio_status: "ringing",
        started_at: `2026-11-22 10:00:${String(index % 60).padStart(2, "0")}`,
      }));
      await db.batchInsert("calls", rows, 100);
      const exported = await all(eachCall(db, company));
      expect(exported.map(({ callSid }) => callSid).sort()).toEqual(
        rows.map((row) => row.call_sid).sort(),
      );
    });

    test("days without calls are there too, and days are UTC's", async () => {
      await comes(new Date("2026-11-20T00:00:00Z"));
      await comes(new Date("2026-11-20T23:59:59Z"));
      await comes(new Date("2026-11-22T10:00:00Z"));
      await comes(new Date("2026-11-08T23:59:59Z"));
      const days = await callsPerDay(db, company, 14, "UTC", new Date("2026-11-22T23:59:59Z"));
      expect(days).toHaveLength(14);
      expect(days[0]).toMatchObject({ day: "2026-11-09", calls: 0 });
      expect(days.slice(-3)).toMatchObject([
        { day: "2026-11-20", calls: 2 },
        { day: "2026-11-21", calls: 0 },
        { day: "2026-11-22", calls: 1 },
      ]);
      const total = days.reduce((sum, { calls }) => sum + calls, 0);
      expect(total).toBe(3);
    });

    test("the first call of all is the proof that the number reaches the company, while it is among the newest", async () => {
      expect(await wasCalled(db, company)).toBe(false);
      const callSid = await comes(secondsIn(5));
      expect(await wasCalled(db, company)).toBe(true);
      const sids = [callSid];
      for (let second = 6; second < 10; second++) {
        const glance = { calls: 3, days: 1 };
        const { recent, first } = (await overviewOf(db, company, glance))!;
        expect(recent.map((call) => call.callSid)).toEqual(sids.slice(0, 3));
        expect(first).toEqual(sids.length > 3 ? undefined : recent.at(-1));
        sids.unshift(await comes(secondsIn(second)));
      }
    });
  });
});
