import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { recordCallStatus, recordIncomingCall } from "#app/domain/call-events.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { newCallSid, secondsIn } from "../support/calls.ts";
import { Client } from "../support/client.ts";
import { someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { companyWithToken, type CompanyWithToken } from "../support/programs.ts";
import { startServer } from "../support/server.ts";

describe.each(engines)("calls and their handling by the API on %s", (engine) => {
  let url: string;
  let db: Knex;
  let made = 0;
  beforeAll(async () => {
    const database = await createMigratedDatabase(engine);
    db = openDatabase(database.url);
    url = (await startServer({ databaseUrl: database.url })).url;
  });

  async function companyWithNumber(): Promise<CompanyWithToken & { number: string }> {
    const company = await companyWithToken(url, db);
    const [number] = someNumbers(1, made++) as [string];
    await addToPool(db, [number]);
    await assignPhoneNumber(db, company.id, number);
    return { ...company, number };
  }

  type Called = Awaited<ReturnType<typeof companyWithNumber>>;

  async function called({ id, number }: Called, at: Date, from = "+353871112222") {
    const callSid = newCallSid();
    const call = { callSid, from, to: number, status: "ringing", at };
    await recordIncomingCall(db, call, { companyId: id, route: "phone" });
    return callSid;
  }

  test("are listed newest first, in pages that neither repeat one nor hide one", async () => {
    const company = await companyWithNumber();
    const sids: string[] = [];
    for (let i = 0; i < 5; i++) sids.unshift(await called(company, secondsIn(i)));
    const seen: string[] = [];
    let cursor = "";
    do {
      const { body } = await company.program.get(`/api/calls?limit=2&cursor=${cursor}`);
      seen.push(...(body.calls as { call_sid: string }[]).map(({ call_sid }) => call_sid));
      cursor = (body.next_cursor as string | null) ?? "";
    } while (cursor !== "");
    expect(seen).toEqual(sids);
  });

  test("are filtered by outcome and time, to the second", async () => {
    const company = await companyWithNumber();
    const first = await called(company, secondsIn(0));
    const second = await called(company, secondsIn(1));
    await recordCallStatus(db, { callSid: first, status: "no-answer", at: secondsIn(30) });
    const found = async (query: string) => {
      const { body } = await company.program.get(`/api/calls?${query}`);
      return (body.calls as { call_sid: string }[]).map(({ call_sid }) => call_sid);
    };
    expect(await found("outcome=missed")).toEqual([first]);
    expect(await found("outcome=unknown")).toEqual([second]);
    expect(await found("outcome=in-progress")).toEqual([]);
    expect(await found("search=0000000000")).toEqual([]);
    expect(await found("search=087")).toEqual([second, first]);
    expect(await found("since=2026-11-22T10:00:01Z")).toEqual([second]);
    expect(await found("since=2026-11-22T10:00:00.5Z")).toEqual([second]);
    expect(await found("since=2026-11-22T11:00:01%2B01:00")).toEqual([second]);
    expect(await found("until=2026-11-22T10:00:01Z")).toEqual([first]);
    expect(await found("since=2026-11-22T10:00:00Z&until=2026-11-22T10:00:02Z")).toHaveLength(2);
  });

  test.each([
    ["limit=0", /^limit must be a whole number/],
    ["limit=1e2", /^limit must be a whole number/],
    ["cursor=x", /^cursor must be the next_cursor/],
    ["outcome=unmatched", /^outcome must be one of in-progress, answered/],
    ["search=anna", /^search must have digits/],
    ["since=yesterday", /^since must be a time like/],
    ["until=2026-02-30T00:00:00Z", /^until must be a time like/],
  ])("?%s is refused", async (query, error) => {
    const { program } = await companyWithToken(url, db);
    expect(await program.get(`/api/calls?${query}`)).toMatchObject({
      status: 400,
      body: { code: "invalid_query", error: expect.stringMatching(error) as string },
    });
  });

  test("one can be read in full, and another company's does not exist", async () => {
    const company = await companyWithNumber();
    const callSid = await called(company, secondsIn(0), "anonymous");
    const answer = await company.program.get(`/api/calls/${callSid}`);
    expect(answer.body).toEqual({
      success: true,
      call: {
        call_sid: callSid,
        from: null,
        to: company.number,
        outcome: "unknown",
        reason: expect.any(String) as string,
        started_at: "2026-11-22T10:00:00Z",
        answered_at: null,
        ended_at: null,
        seconds: null,
        message: null,
      },
    });
    const other = await companyWithNumber();
    for (const sid of [callSid, newCallSid(), "x", "CA", "%00"]) {
      expect(await other.program.get(`/api/calls/${sid}`)).toMatchObject({
        status: 404,
        body: { code: "not_found" },
      });
    }
    expect((await other.program.get("/api/calls")).body.calls).toEqual([]);
    expect((await new Client(url).get(`/api/calls/${callSid}`)).status).toBe(401);
  });

  const put = async ({ program }: CompanyWithToken, body: unknown) => {
    const response = await program.fetch("/api/call-handling", {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return {
      status: response.status,
      body: (await response.json()) as { fields?: object; code?: string },
    };
  };
  const message = {
    greeting: "Hello.",
    mode: "message",
    target: null,
    ring_seconds: 20,
    take_message: true,
    language: "fr-FR",
  };

  test("what is PUT is what GET returns, in every mode", async () => {
    const company = await companyWithNumber();
    expect((await company.program.get("/api/call-handling")).body).toMatchObject({
      call_handling: {
        greeting: "Thank you for calling Acme.",
        mode: "message",
        language: "en-IE",
      },
    });
    for (const handling of [
      message,
      { ...message, mode: "phone", target: "+353863334444", take_message: false },
      { ...message, mode: "sip", target: "sip:desk@example.com", ring_seconds: 60 },
      { ...message, mode: "stream", target: "wss://agent.example.com/calls", greeting: "" },
    ]) {
      const saved = { status: 200, body: { success: true, call_handling: handling } };
      expect(await put(company, handling)).toEqual(saved);
      expect((await company.program.get("/api/call-handling")).body).toEqual(saved.body);
    }
    const typed = { ...message, mode: "phone", target: "+353 (86) 333-4444" };
    expect((await put(company, typed)).body).toMatchObject({
      call_handling: { target: "+353863334444" },
    });
    // Programs written before there was a language send none.
    const { language: _, ...silent } = message;
    for (const language of ["fr-FR", "de-DE"]) {
      await put(company, { ...message, language });
      expect((await put(company, silent)).body).toMatchObject({ call_handling: { language } });
    }
  });

  test("invalid settings are refused field by field, and nothing changes", async () => {
    const company = await companyWithNumber();
    await put(company, message);
    for (const [wrong, fields] of [
      [{ mode: "fax" }, ["mode"]],
      [{ mode: "phone", target: "nonsense" }, ["target"]],
      [{ mode: "phone", target: null }, ["target"]],
      [{ mode: "phone", target: 353 }, ["target"]],
      [{ mode: "phone", target: company.number }, ["target"]],
      [{ mode: "phone", target: "+15005550006" }, ["target"]],
      [{ mode: "sip", target: "desk@example.com" }, ["target"]],
      [{ mode: "stream", target: "https://example.com" }, ["target"]],
      [{ ring_seconds: 61 }, ["ring_seconds"]],
      [{ ring_seconds: "20" }, ["ring_seconds"]],
      [{ ring_seconds: 20.5 }, ["ring_seconds"]],
      [{ take_message: "on" }, ["take_message"]],
      [{ language: "fr" }, ["language"]],
      [{ language: null }, ["language"]],
      [{ greeting: "x".repeat(501), ring_seconds: 4 }, ["greeting", "ring_seconds"]],
    ] as const) {
      const answer = await put(company, { ...message, ...wrong });
      expect([wrong, answer.status, answer.body.code]).toEqual([wrong, 400, "invalid_fields"]);
      expect(Object.keys(answer.body.fields ?? {}).toSorted()).toEqual(fields);
    }
    expect((await put(company, {})).body.fields).toHaveProperty("greeting");
    expect((await company.program.get("/api/call-handling")).body).toMatchObject({
      call_handling: message,
    });
  });
});
