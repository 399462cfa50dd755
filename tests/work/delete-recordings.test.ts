import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { database } from "#app/db.server.ts";
import {
  dueRecordings,
  queueRecordings,
  recordingDeleted,
  recordingsWaiting,
} from "#app/domain/recordings-to-delete.server.ts";
import { recordings } from "#app/work/delete-recordings.server.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { codes, Operator } from "../support/operator.ts";
import { startTwilioApi, type TwilioApi } from "../support/twilio-api.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

const sids = ["a", "b", "c"].map((digit) => `RE${digit.repeat(32)}`) as [string, string, string];

describe.each(engines)("messages to be deleted at Twilio, on %s", (engine) => {
  let api: TwilioApi;
  let db: Knex;
  beforeEach(async () => {
    api = await startTwilioApi();
    const { url } = await createMigratedDatabase(engine);
    useEnvironment({ DATABASE_URL: url, ...api.environment });
    db = database();
    for (const sid of sids) api.recordings.add(sid);
  });

  const work = async () => {
    if (await recordings.isWanted!(db)) await recordings.run(db, new AbortController().signal);
  };
  const deletions = () => api.requests.filter(({ method }) => method === "DELETE").length;
  const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000);

  test("each is deleted once, and one that Twilio no longer has counts as deleted", async () => {
    await queueRecordings(db, [sids[0], sids[1], sids[0]]);
    api.recordings.delete(sids[1]);
    await work();
    expect([...api.recordings]).toEqual([sids[2]]);
    expect(await recordingsWaiting(db)).toBeUndefined();
    await work();
    expect(deletions()).toBe(2);
  });

  test.each([
    [{ status: 503 }, "answered HTTP 503"],
    [{ status: 429 }, "answered HTTP 429"],
    [{ status: 401 }, "refuses TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN"],
    [{ status: 0 }, "cannot be reached"],
  ])(
    "if Twilio fails with %j all wait, and the one that was tried waits longer",
    async (fault, failure) => {
      await queueRecordings(db, sids);
      api.fail({ ...fault, for: ({ method }) => method === "DELETE" });
      await work();
      expect(deletions()).toBe(1);
      expect(await recordingsWaiting(db)).toMatchObject({ count: 3, failure });
      expect(await dueRecordings(db, 10)).toHaveLength(2);
      expect(await dueRecordings(db, 10, inMinutes(2))).toHaveLength(3);
      await work();
      expect(api.recordings.size).toBe(1);
      expect(await recordingsWaiting(db)).toMatchObject({ count: 1, failure });
    },
  );

  test("one that Twilio refuses holds up no other, and is tried less and less often", async () => {
    await queueRecordings(db, sids);
    api.fail({ status: 400, times: 3, for: ({ path }) => path.includes(sids[0]) });
    await work();
    expect([...api.recordings]).toEqual([sids[0]]);
    for (const [minutes, due] of [
      [0.5, 0],
      [1.5, 1],
    ] as const) {
      expect(await dueRecordings(db, 10, inMinutes(minutes))).toHaveLength(due);
    }
    await db("recordings_to_delete").update({ next_try_at: "2026-01-01 00:00:00" });
    await work();
    expect(await dueRecordings(db, 10, inMinutes(1.5))).toHaveLength(0);
    expect(await dueRecordings(db, 10, inMinutes(2.5))).toHaveLength(1);
  });

  test("without an account nothing is tried", async () => {
    await queueRecordings(db, sids);
    useEnvironment({ TWILIO_ACCOUNT_SID: "", TWILIO_AUTH_TOKEN: "" });
    await work();
    expect(deletions()).toBe(0);
    expect(await recordingsWaiting(db)).toMatchObject({ count: 3, failure: null });
  });
});

test("the doctor reports messages until Twilio has deleted them", async () => {
  const api = await startTwilioApi();
  const { url } = await createMigratedDatabase("sqlite");
  const db = openDatabase(url);
  await queueRecordings(db, sids);
  const operator = new Operator(api, url);
  const { findings } = await operator.examine(["--offline"], { TWILIO_ACCOUNT_SID: "" });
  const told = findings.find(({ code }) => code === "recordings-to-delete");
  expect(told?.finding).toMatch(
    /^3 messages wait since \S+Z to be deleted at Twilio: no account is named\.$/,
  );
  for (const sid of sids) await recordingDeleted(db, sid);
  expect(codes(await operator.examine(["--offline"]))).not.toContain("recordings-to-delete");
});
