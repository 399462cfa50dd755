import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { withScratch } from "#app/db.server.ts";
import { compareWithTwilio } from "#app/doctor/twilio.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import type { ListedPage, TwilioAccount, TwilioNumber } from "#app/twilio/account.server.ts";
import { syncNumbers } from "#app/twilio/sync.server.ts";
import { fillPool, insertCompany, someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { publicUrl } from "../support/operator.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Megabytes of live objects. */
function held(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

const pages = 40;
const onPage = 1_000;

const numberOf = (phoneNumber: string): TwilioNumber => ({
  sid: `PN${phoneNumber.slice(1).padStart(32, "0")}`,
  phoneNumber,
  voice: true,
  handledBy: undefined,
  lacksAddress: false,
  settings: {
    voiceUrl: "https://demo.twilio.com/welcome/voice/",
    voiceMethod: "POST",
    voiceFallbackUrl: "",
    voiceFallbackMethod: "POST",
    statusCallback: "",
    statusCallbackMethod: "POST",
  },
});

/**
 * An account of 40,000 numbers, made on request; each page also has the last number of the previous
 * one.
 */
function account(): TwilioAccount & { listed: number } {
  const large = {
    listed: 0,
    async listNumbers(take: (page: ListedPage) => Promise<void>) {
      for (let page = 0; page < pages; page++) {
        const from = page * onPage;
        await take(someNumbers(onPage + (from && 1), from - (from && 1)).map(numberOf));
      }
      large.listed++;
      return { ok: true as const };
    },
    updateNumber: async () => ({ ok: true as const }),
  };
  return large;
}

describe.each(engines)("an account of %s, whose list is too long for memory", (engine) => {
  let db: Knex;
  beforeEach(async () => {
    db = openDatabase((await createMigratedDatabase(engine)).url);
  });

  test("is synced without being held in memory, and each number is reported once", async () => {
    await fillPool(db, 10);
    await withScratch(async (scratch) => {
      const before = held();
      const synced = await syncNumbers(db, scratch, account(), { publicUrl, dryRun: true });
      // Held whole, the numbers alone would be 25 MB.
      expect(held() - before).toBeLessThan(4);
      if (!synced.ok) throw new Error(synced.reason);
      const { report } = synced;
      expect(report.inAccount).toBe(pages * onPage);
      expect(report.count).toEqual({
        added: pages * onPage - 10,
        pointed: pages * onPage,
        unchanged: 0,
        leftOut: 0,
        failed: 0,
      });
      let next = 10;
      for await (const some of report.each("added")) {
        expect(some.map(({ phoneNumber }) => phoneNumber)).toEqual(someNumbers(some.length, next));
        next += some.length;
      }
      expect(next).toBe(pages * onPage);
    });
  });

  test("is compared with the pool without being held in memory; of very many findings the first are listed", async () => {
    const numbers = await fillPool(db, 1_500);
    const lost = "+442079460000";
    await db("twilio_phone_numbers").insert({ phone_number: lost });
    await assignPhoneNumber(db, await insertCompany(db), lost);
    const large = account();
    const before = held();
    const { findings, notInPool } = await compareWithTwilio(db, large, publicUrl);
    expect(held() - before).toBeLessThan(4);
    expect(large.listed).toBe(2);
    expect(notInPool).toBe(pages * onPage - numbers.length);
    const of = (code: string) => findings.filter((one) => one.code === code);
    expect(of("twilio-number-not-owned")).toHaveLength(1);
    const told = of("twilio-number-not-pointed-here");
    expect(told).toHaveLength(1_001);
    expect(told[0]!.finding).toContain(numbers[0]);
    expect(told.at(-1)!.finding).toBe(
      "There are 500 more findings like these (twilio-number-not-pointed-here).",
    );
    expect(findings).toHaveLength(1_002);
  });
});
