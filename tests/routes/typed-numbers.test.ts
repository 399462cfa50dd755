import { expect, test } from "vitest";
import type { Knex } from "knex";
import { callHandlingOf } from "#app/domain/call-handling.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { aCompany, Client } from "../support/client.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { runScript } from "../support/script.ts";
import { startServer } from "../support/server.ts";

/** Ways in which +353 86 123 45NN comes from a keyboard, a page, a contact or a document. */
const ways: ((end: string) => string)[] = [
  (end) => `\u202A+353\u200B 86\u2060 123 45${end}\u202C`,
  (end) => `tel:+353-86-123-45${end}`,
  (end) => `(+353) [86] 123\u221245${end}`,
  (end) => `00353 86.123.45${end}`,
  (end) => `\uFF0B353\u00AD86\u301C12345${end}`,
  (end) => `+\u0663\u0665\u0663 \u0668\u0666 \u0661\u0662\u0663 \u0664\u0665${end}`,
];
const wrong = ["+353 86 123 451¹", "+353 86 123 45①1", "+353 86 123 45½1", "+353 86 l23 4511"];

test.each(engines)(
  "a number is read the same way wherever it is typed, and only decimal digits count (%s)",
  async (engine) => {
    const { url: databaseUrl } = await createMigratedDatabase(engine);
    const db: Knex = openDatabase(databaseUrl);
    const { url } = await startServer({
      databaseUrl,
      env: { RATE_LIMITS: "off", DIAL_COUNTRIES: "IE" },
    });
    const numbers = ways.map((_, index) => `+3538612345${index}0`);
    const added = await runScript("add-phone-numbers", ["--json", "--from-file", "-", ...wrong], {
      env: { DATABASE_URL: databaseUrl },
      input: ways.map((way, index) => way(`${index}0`)).join("\n"),
    });
    expect(JSON.parse(added.stdout)).toMatchObject({ added: ways.length, invalid: wrong.length });
    expect(await db("twilio_phone_numbers").pluck("phone_number")).toEqual(numbers);
    await addToPool(
      db,
      ways.map((_, index) => `+3538612345${index}1`),
    );

    for (const [index, way] of ways.entries()) {
      const assigning = new Client(url);
      const { body } = await assigning.post("/api/signup", {
        ...aCompany(),
        phone: way(`${index}9`),
      });
      expect(body.company).toMatchObject({ phone: `+3538612345${index}9` });
      const found = await assigning.fetch(
        `/dashboard/choose-number?search=${encodeURIComponent(way(`${index}0`))}`,
      );
      expect(await found.text()).toContain(`value="${numbers[index]}"`);
      for (const text of wrong) {
        expect(
          (await assigning.post("/api/phone-numbers/assign", { phone_number: text })).status,
        ).toBe(400);
      }
      expect(
        await assigning.post("/api/phone-numbers/assign", { phone_number: way(`${index}0`) }),
      ).toMatchObject({ status: 200, body: { phone_number: numbers[index] } });

      const choosing = new Client(url);
      const signedUp = await choosing.signUp();
      await choosing.fetch("/dashboard/choose-number", {
        method: "POST",
        body: new URLSearchParams({ phone_number: way(`${index}1`) }),
      });
      const { id } = signedUp.body.company as { id: number };
      expect(await db("companies").where({ id }).pluck("twilio_phone_number")).toEqual([
        `+3538612345${index}1`,
      ]);
      await choosing.fetch("/settings/calls", {
        method: "POST",
        body: new URLSearchParams({
          greeting: "",
          mode: "phone",
          phone: way("99"),
          ring_seconds: "20",
        }),
      });
      expect(await callHandlingOf(db, id)).toMatchObject({ target: "+353861234599" });
    }
  },
);
