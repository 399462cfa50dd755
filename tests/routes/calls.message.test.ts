import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { database } from "#app/db.server.ts";
import { recordRecording } from "#app/domain/call-events.server.ts";
import { makeToken, type Scope } from "#app/domain/tokens.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { signedIn } from "#app/http/session.server.ts";
import { loader } from "#app/routes/calls.$call_sid.message.ts";
import {
  loader as confirmation,
  action,
} from "#app/routes/_app.calls_.$call_sid.message.delete.tsx";
import { loader as apiLoader } from "#app/routes/api.calls.$call_sid.message.ts";
import { recordings } from "#app/work/delete-recordings.server.ts";
import { recentCalls } from "../support/calls.ts";
import { called } from "../support/call-pages.ts";
import { Client } from "../support/client.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { signedInCompanies } from "../support/load.ts";
import { startTwilioApi, type TwilioApi } from "../support/twilio-api.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

const recordingSid = `RE${"a".repeat(32)}`;

interface Owner {
  id: number;
  number: string;
  cookie: string;
}

describe.each(engines)("messages on %s", (engine) => {
  let db: Knex;
  let twilio: TwilioApi;
  let owner: Owner;
  let other: Owner;
  let callSid: string;

  beforeEach(async () => {
    twilio = await startTwilioApi();
    const { url } = await createMigratedDatabase(engine);
    db = openDatabase(url);
    const numbers = await fillPool(db, 2);
    const companies = await signedInCompanies(db, 2);
    const owners: Owner[] = [];
    for (const [index, company] of companies.entries()) {
      const number = numbers[index]!;
      await assignPhoneNumber(db, company.id, number);
      owners.push({ ...company, number });
    }
    [owner, other] = owners as [Owner, Owner];
    useEnvironment({ DATABASE_URL: url, ...twilio.environment });
    callSid = await leaves();
  });

  /** A call that leaves a message. */
  async function leaves(at = new Date(), sid = recordingSid): Promise<string> {
    const client = new Client("");
    const made = await called(db, { id: owner.id, number: owner.number, client }, { at });
    const event = { callSid: made, to: owner.number, at };
    await recordRecording(db, event, { sid, seconds: 7 });
    twilio.recordings.add(sid);
    return made;
  }

  function asked(path: string, { cookie = owner.cookie, ...init }: AskedBy = {}) {
    const headers = { Cookie: cookie, ...init.headers };
    const request = new Request(`http://localhost:3000${path}`, { ...init, headers });
    return { request, params: { call_sid: path.split("/")[2] }, context: {} };
  }
  type AskedBy = {
    cookie?: string;
    headers?: Record<string, string>;
    method?: string;
    body?: URLSearchParams;
  };

  const play = (by: AskedBy = {}, query = "") =>
    loader(asked(`/calls/${callSid}/message${query}`, by));
  const unheard = async ({ cookie }: Owner) =>
    (await signedIn(asked("/calls", { cookie })))?.unheard;
  const said = async (answer: Response) => [answer.status, (await answer.text()).trim()];

  test("a message plays whole and in parts, with only type, length and range from Twilio", async () => {
    const { file } = twilio.sound;
    const whole = await play();
    expect(whole.status).toBe(200);
    expect(Object.fromEntries(whole.headers)).toEqual({
      "accept-ranges": "bytes",
      "cache-control": "no-store, no-transform",
      "content-disposition": expect.stringMatching(
        /^inline; filename="message-\d{4}-\d\d-\d\d-353871112222.wav"$/,
      ) as string,
      "content-length": String(file.length),
      "content-type": "audio/wav",
    });
    expect(Buffer.from(await whole.arrayBuffer()).equals(file)).toBe(true);
    for (const [range, part] of [
      ["bytes=0-", file],
      ["bytes=100-199", file.subarray(100, 200)],
      ["bytes=-50", file.subarray(-50)],
    ] as const) {
      const answer = await play({ headers: { Range: range } });
      const got = Buffer.from(await answer.arrayBuffer());
      expect([range, answer.status, got.equals(part)]).toEqual([range, 206, true]);
      expect(answer.headers.get("Content-Range")).toMatch(
        new RegExp(`^bytes \\d+-\\d+/${file.length}$`),
      );
    }
    const beyond = await play({ headers: { Range: "bytes=99999999-" } });
    expect(beyond.status).toBe(416);
    expect(beyond.headers.get("Content-Range")).toBe(`bytes */${file.length}`);
    const odd = await play({ headers: { Range: "bytes=0-1,5-6" } });
    expect([odd.status, (await odd.arrayBuffer()).byteLength]).toEqual([200, file.length]);
  });

  async function tokenOf({ id }: Owner, scope: Scope): Promise<string> {
    const fields = { name: scope, scopes: [scope], expires_at: null };
    const made = await makeToken(db, id, fields);
    return made.outcome === "made" ? made.secret : "";
  }

  test("a program fetches it with a token, as sound or as a JSON error, and has not heard it", async () => {
    const token = await tokenOf(owner, "calls:read");
    const fetched = (bearer: string, sid = callSid) =>
      apiLoader({
        ...asked(`/api/calls/${sid}/message`, {
          cookie: "",
          headers: { Authorization: `Bearer ${bearer}`, Range: "bytes=0-9" },
        }),
        params: { call_sid: sid },
      });
    const answer = await fetched(token);
    expect([answer.status, (await answer.arrayBuffer()).byteLength]).toEqual([206, 10]);
    expect(answer.headers.get("Content-Type")).toBe("audio/wav");
    expect(await unheard(owner)).toBe(1);
    const missing = await fetched(token, `CA${"0".repeat(32)}`);
    expect([missing.status, await missing.json()]).toMatchObject([
      404,
      { success: false, code: "not_found", error: "There is no such message." },
    ]);
    const theirs = await tokenOf(other, "calls:read");
    expect((await fetched(theirs)).status).toBe(404);
    const narrow = await tokenOf(owner, "numbers:read");
    expect((await fetched(narrow)).status).toBe(403);
    expect((await fetched("cpn_none")).status).toBe(401);
    twilio.fail({ status: 429 });
    expect(await (await fetched(token)).json()).toMatchObject({ code: "unavailable" });
  });

  test("?download=1 keeps it as a file", async () => {
    const answer = await play({}, "?download=1");
    expect(answer.headers.get("Content-Disposition")).toMatch(/^attachment; filename="message-/);
    await answer.body?.cancel();
  });

  test("playing marks a message as heard, even two at once, and a HEAD request does not", async () => {
    expect(await unheard(owner)).toBe(1);
    expect(await unheard(other)).toBe(0);
    await (await play({ method: "HEAD" })).body?.cancel();
    await (await play({ headers: { "Sec-Purpose": "prefetch" } })).body?.cancel();
    expect(await unheard(owner)).toBe(1);
    const answers = await Promise.all([play(), play()]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    for (const { body } of answers) await body?.cancel();
    expect(await unheard(owner)).toBe(0);
    expect((await recentCalls(db, owner.id, 1))[0]).toMatchObject({ message: "heard" });
  });

  test("another company gets 404, and a stranger the log-in page", async () => {
    expect(await said(await play({ cookie: other.cookie }))).toEqual([
      404,
      "There is no such message.",
    ]);
    const login = await play({ cookie: "" }).catch((thrown: unknown) => thrown as Response);
    expect([login.status, login.headers.get("Location")]).toEqual([
      302,
      `/login?redirectTo=${encodeURIComponent(`/calls/${callSid}/message`)}`,
    ]);
    expect(twilio.requests).toEqual([]);
    expect(await unheard(owner)).toBe(1);
  });

  test.each([
    [{ status: 401 }, 503, "The message can't be fetched right now. Try again in a minute."],
    [{ status: 429 }, 503, "The message can't be fetched right now. Try again in a minute."],
    [{ status: 500 }, 503, "The message can't be fetched right now. Try again in a minute."],
    [{ status: 0 }, 503, "The message can't be fetched right now. Try again in a minute."],
    [
      { status: 200, body: "{}" },
      503,
      "The message can't be fetched right now. Try again in a minute.",
    ],
    [{ status: 404 }, 404, "The message is not ready yet. Try again in a minute."],
  ])(
    "if Twilio answers %j there is a sentence, and the message stays unheard",
    async (fault, status, text) => {
      twilio.fail(fault);
      expect(await said(await play())).toEqual([status, text]);
      expect(await unheard(owner)).toBe(1);
    },
  );

  test("a slow Twilio is waited for, and a message that it has lost is reported", async () => {
    twilio.fail({ status: 404, after: 300 });
    const before = performance.now();
    await play();
    expect(performance.now() - before).toBeGreaterThan(250);
    callSid = await leaves(new Date(Date.now() - 3_600_000), `RE${"b".repeat(32)}`);
    twilio.recordings.clear();
    expect(await said(await play())).toEqual([
      410,
      "The telephone company does not have this message any more.",
    ]);
  });

  test("a message that is cut off in the middle breaks off here too", async () => {
    twilio.sound.cutAfter = 5_000;
    const answer = await play();
    expect(answer.headers.get("Content-Length")).toBe(String(twilio.sound.file.length));
    await expect(answer.arrayBuffer()).rejects.toThrow();
  });

  test("100 MB go through as fast as they are taken, and not into memory", async () => {
    const size = 100 * 1024 * 1024;
    twilio.sound.file = Buffer.alloc(size, 1);
    const answer = await play();
    const reader = answer.body!.getReader();
    let got = (await reader.read()).value!.byteLength;
    // Until the socket takes no more, whoever sends goes on.
    let sent = -1;
    while (sent !== twilio.sound.sent()) {
      sent = twilio.sound.sent();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(sent).toBeLessThan(size / 4);
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      got += part.value.byteLength;
    }
    expect(got).toBe(size);
  });

  const remove = (cookie = owner.cookie) =>
    action(
      asked(`/calls/${callSid}/message/delete`, {
        cookie,
        method: "POST",
        body: new URLSearchParams({ sure: "yes" }),
        headers: { "Sec-Fetch-Site": "same-origin" },
      }),
    ) as Promise<Response>;
  const newsOf = (answer: Response) =>
    Buffer.from(
      decodeURIComponent(/news=([^;]+)/.exec(answer.headers.get("Set-Cookie") ?? "")?.[1] ?? ""),
      "base64",
    ).toString();

  test("a message is deleted here and at Twilio, and its call stays", async () => {
    await confirmation(asked(`/calls/${callSid}/message/delete`));
    expect(twilio.recordings.size).toBe(1);
    const answer = await remove();
    expect([answer.status, newsOf(answer)]).toEqual([302, '"message-deleted"']);
    expect(twilio.recordings.size).toBe(0);
    expect(await unheard(owner)).toBe(0);
    expect(await said(await play())).toEqual([410, "This message was deleted."]);
    expect((await recentCalls(db, owner.id, 1))[0]).toMatchObject({
      outcome: "message",
      message: "deleted",
      recordingUrl: null,
    });
    // Twilio tells of it once more.
    await recordRecording(db, { callSid, to: owner.number }, { sid: recordingSid, seconds: 7 });
    expect((await recentCalls(db, owner.id, 1))[0]).toMatchObject({ message: "deleted" });
    expect(newsOf(await remove())).toBe('"message-deleted"');
    expect(await db("audit_events").where({ event: "message-deleted" })).toHaveLength(1);
  });

  test("a failed deletion at Twilio is reported, and tried again", async () => {
    twilio.fail({ status: 503 });
    expect(newsOf(await remove())).toBe('"message-deleted-here"');
    expect(await said(await play())).toEqual([410, "This message was deleted."]);
    expect(twilio.recordings.size).toBe(1);
    await db("recordings_to_delete").update({ next_try_at: "2026-01-01 00:00:00" });
    await recordings.run(database(), new AbortController().signal);
    expect(twilio.recordings.size).toBe(0);
    expect(await db("recordings_to_delete")).toEqual([]);
  });

  test("nobody deletes another company's message", async () => {
    const refused = await remove(other.cookie).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ init: { status: 404 } });
    expect(twilio.recordings.size).toBe(1);
    expect((await play()).status).toBe(200);
  });
});
