import { expect, test } from "vitest";
import { recentCalls } from "../support/calls.ts";
import { insertCompany } from "../support/companies.ts";
import { accountSid, recordingUrl, useEnvironment } from "../support/twilio-webhooks.ts";
import { down, up } from "../../migrations/20261125090041_recordings.ts";
import * as messages from "../../migrations/20261125130001_messages.ts";
import * as outcomes from "../../migrations/20261125140001_outcomes_per_day.ts";
import { examineOffer } from "#app/doctor/offer.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import {
  createTestDatabase,
  describeEachEngine,
  engines,
  openDatabase,
} from "../support/databases.ts";

test.each(engines)(
  "somebody else's table named calls stops the migration and stays as it is (%s)",
  async (engine) => {
    const { url } = await createTestDatabase(engine);
    const db = openDatabase(url);
    await db.schema.createTable("calls", (table) => table.text("theirs"));
    await db<{ theirs: string }>("calls").insert({ theirs: "kept" });
    await expect(migrateToLatest(db)).rejects.toThrow(
      "There is a table “calls” already that is not this program's",
    );
    expect(await db("calls")).toEqual([{ theirs: "kept" }]);
    expect(await db.schema.hasTable("company_call_handling")).toBe(false);
    await db.schema.renameTable("calls", "their_calls");
    expect(await migrateToLatest(db)).toContain("20261122000003_calls.ts");
  },
);

describeEachEngine("the tables of calls", (_engine, open) => {
  test.each([
    ["a way that calls do not go", { mode: "fax", target: "+1" }],
    ["a mode without its target", { mode: "phone", target: null }],
  ])("%s cannot be kept", async (_name, fields) => {
    const db = await open();
    const row = {
      company_id: 1,
      greeting: "",
      ring_seconds: 20,
      take_message_when_unanswered: true,
      ...fields,
    };
    await expect(db<typeof row>("company_call_handling").insert(row)).rejects.toThrow(/check/i);
  });

  test("messages from before recordings had SIDs stay messages, migrating up and down", async () => {
    useEnvironment({ TWILIO_ACCOUNT_SID: accountSid });
    const db = await open();
    await outcomes.down(db);
    await messages.down(db);
    await down(db);
    const company = await insertCompany(db);
    const addresses = [recordingUrl, "https://example.com/r", null];
    for (const [index, recording_url] of addresses.entries()) {
      await db("calls").insert({
        call_sid: `CA${index}`,
        to_number: "+353861234567",
        company_id: company,
        twilio_status: "completed",
        started_at: `2026-11-22 10:00:0${index}`,
        recording_url,
        recording_seconds: recording_url === null ? null : 7,
      });
    }
    const seen = [
      { outcome: "failed", recordingUrl: null },
      { outcome: "message", recordingUrl: null },
      { outcome: "message", recordingUrl, recordingSeconds: 7 },
    ];
    for (let round = 0; round < 2; round++) {
      await up(db);
      await messages.up(db);
      expect(await recentCalls(db, company, 10)).toMatchObject(seen);
      const kept = await db("calls").orderBy("call_sid").pluck("recording_url");
      expect(kept).toEqual(addresses);
      await db.transaction(outcomes.up);
      expect(await examineOffer(db)).toEqual([]);
      expect(await db("calls_per_day")).toMatchObject([
        { day: "2026-11-22", calls: 3, answered: 0, message: 2, missed: 0 },
      ]);
      if (round > 0) continue;
      await outcomes.down(db);
      await messages.down(db);
      await down(db);
    }
  });

  test("only the database decides the outcome", async () => {
    const db = await open();
    await expect(
      db("calls").insert({
        call_sid: "CA1",
        twilio_status: "queued",
        started_at: "2026-11-22 10:00:00",
        outcome: "answered",
      }),
    ).rejects.toThrow(/outcome/);
  });
});
