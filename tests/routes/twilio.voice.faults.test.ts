import type { Knex } from "knex";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createDatabase, database } from "#app/db.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { migrateToLatest } from "#app/migrate.server.ts";
import { calledCompany } from "../support/called-company.ts";
import { fillPool, insertCompany } from "../support/companies.ts";
import {
  createMigratedDatabase,
  describeEachEngine,
  engines,
  openDatabase,
} from "../support/databases.ts";
import { freePort } from "../support/free-port.ts";
import { startPostgres, type PostgresServer } from "../support/postgres.ts";
import {
  IncomingCall,
  outline,
  recordingUrl,
  useTwilio,
  verbsFrom,
} from "../support/twilio-webhooks.ts";

const sorry = ["Say We can't connect your call right now. Please try again shortly.", "Hangup"];

const deadline = 3_000;

/** What comes of `work`, and whether it took no more than Twilio can be kept waiting. */
async function timed<T>(work: Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work;
  expect(performance.now() - began).toBeLessThan(deadline);
  return result;
}

interface Pool {
  numUsed(): number;
  numPendingAcquires(): number;
}

/** Waits until nobody holds or wants a connection. */
async function poolIsWhole(): Promise<void> {
  const { pool } = database().client as { pool: Pool };
  await vi.waitFor(
    () => {
      expect([pool.numUsed(), pool.numPendingAcquires()]).toEqual([0, 0]);
    },
    { timeout: 15_000, interval: 50 },
  );
}

/** Waits until a call is connected. */
async function callsWork(number: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const verbs = await new IncomingCall(number).comes();
      expect(verbs.map(({ name }) => name)).toContain("Dial");
    },
    { timeout: 15_000, interval: 100 },
  );
}

async function aCompanyOn(url: string): Promise<string> {
  const db = createDatabase(url, { statementTimeout: 0 });
  try {
    await migrateToLatest(db);
    const company = await insertCompany(db, { phone: "+353863334444" });
    const [number] = (await fillPool(db, 1)) as [string];
    await assignPhoneNumber(db, company, number);
    return number;
  } finally {
    await db.destroy();
  }
}

describe("the database is not there", () => {
  beforeEach(async () => {
    useTwilio(`postgres://nobody:secret@127.0.0.1:${await freePort()}/none`);
  });
  const call = () => new IncomingCall("+353861234567");

  test("the caller is asked to wait, and then told that it does not work", async () => {
    const verbs = await timed(call().comes());
    expect(verbs[0]?.text).toBe("One moment, please.");
    const again = await timed(call().send(verbs[2]?.text ?? ""));
    expect(outline(await verbsFrom(again))).toEqual(sorry);
  });

  test("the fallback needs no database", async () => {
    const answer = await timed(call().send("/twilio/voice/fallback"));
    expect(outline(await verbsFrom(answer))).toEqual(sorry);
  });

  test("a call that was answered ends in peace", async () => {
    const answer = await timed(
      call().send("/twilio/voice/dial-result", {
        ...call().fields("in-progress"),
        DialCallStatus: "completed",
      }),
    );
    expect(outline(await verbsFrom(answer))).toEqual(["Hangup"]);
  });

  test("a call that nobody answered ends with an apology", async () => {
    const answer = await timed(
      call().send("/twilio/voice/dial-result", {
        ...call().fields("in-progress"),
        DialCallStatus: "no-answer",
      }),
    );
    expect(outline(await verbsFrom(answer))).toEqual(sorry);
  });

  test("a caller who leaves a message is thanked, and Twilio sends the recording's callback again", async () => {
    const fields = {
      ...call().fields("in-progress"),
      RecordingUrl: recordingUrl,
    };
    const address = "/twilio/voice/recording";
    const answer = await timed(call().send(address, fields));
    expect(outline(await verbsFrom(answer))[0]).toBe("Say Thank you. Goodbye.");
    const callback = await timed(call().send(address, { ...fields, RecordingStatus: "completed" }));
    expect(callback.status).toBe(503);
  });

  test("Twilio sends a status again", async () => {
    const answer = await timed(call().send("/twilio/voice/status", call().fields("completed")));
    expect(answer.status).toBe(503);
    expect(answer.headers.get("Retry-After")).toBe("2");
  });
});

describe("PostgreSQL stops answering", () => {
  let server: PostgresServer;
  let number: string;
  beforeEach(async () => {
    server = await startPostgres();
    number = await aCompanyOn(server.url);
    useTwilio(server.url);
    await callsWork(number);
  });
  afterEach(() => server.thaw());

  test.each([20, 200])(
    "%d calls to a frozen server are all answered in time, and no connection is lost",
    async (count) => {
      await server.freeze();
      const answers = await Promise.all(
        Array.from({ length: count }, () => timed(new IncomingCall(number).comes())),
      );
      for (const verbs of answers) {
        expect(verbs[0]?.text).toBe("One moment, please.");
      }
      await server.thaw();
      await poolIsWhole();
      await callsWork(number);
      const calls = Array.from({ length: 50 }, () => new IncomingCall(number).comes());
      for (const verbs of await Promise.all(calls)) {
        // So many at once are more than a company may have.
        expect(["Dial", "Reject"]).toContain(verbs.at(-1)?.name);
      }
      await poolIsWhole();
      const [row] = await database()<object>("pg_stat_activity")
        .where({ application_name: "company-phone-numbers" })
        .count<{ open: number }[]>({ open: "*" });
      expect(row?.open).toBeLessThanOrEqual(10);
    },
  );

  test("after 200 calls one after another and a crash, calls work again by themselves", async () => {
    await server.crash();
    for (let i = 0; i < 200; i++) {
      await timed(new IncomingCall(number).comes());
    }
    await poolIsWhole();
    await server.start();
    await callsWork(number);
    await poolIsWhole();
  });
});

describeEachEngine("the call log cannot be written", (engine) => {
  test("the call is connected all the same", async () => {
    const called = await calledCompany(engine);
    await called.db.schema.renameTable("calls", "away");
    const call = new IncomingCall(called.number);
    const [, dial] = await timed(call.comes());
    expect(dial?.name).toBe("Dial");
    const [, record] = await call.dialled(dial, "busy");
    expect(record?.name).toBe("Record");
    await poolIsWhole();
    await called.db.schema.renameTable("away", "calls");
    await call.ends();
    expect(await called.logged()).toMatchObject({ callSid: call.callSid });
  });
});

test("while another process holds SQLite's lock, calls are connected, and logged once it is released", async () => {
  const called = await calledCompany("sqlite");
  const { filename } = (called.db.client as Knex.Client).config.connection as {
    filename: string;
  };
  const other = openDatabase(`sqlite:${filename}`);
  await other.raw("begin immediate");
  const call = new IncomingCall(called.number);
  const [, dial] = await timed(call.comes());
  expect(dial?.name).toBe("Dial");
  await other.raw("rollback");
  await poolIsWhole();
  await call.dialled(dial, "completed");
  await call.ends();
  expect(await called.logged()).toMatchObject({ outcome: "answered" });
});

test.each(engines)(
  "a database without our tables answers no call, and loses no caller (%s)",
  async (engine) => {
    const { url } = await createMigratedDatabase(engine);
    useTwilio(url);
    await openDatabase(url).schema.renameTable("company_call_handling", "elsewhere");
    const verbs = await timed(new IncomingCall("+353861234567").comes());
    expect(verbs[0]?.text).toBe("One moment, please.");
    await poolIsWhole();
  },
);
