import type { Knex } from "knex";
import { beforeEach, describe, expect, test } from "vitest";
import { database } from "#app/db.server.ts";
import { recordIncomingCall } from "#app/domain/call-events.server.ts";
import { goneNumbers, idleNumbers } from "#app/domain/gone-numbers.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { addToPool } from "#app/domain/pool.server.ts";
import { log } from "#app/log/log.server.ts";
import { metricsText } from "#app/log/metrics.server.ts";
import { loader } from "#app/routes/_app.dashboard.tsx";
import { numbersWatch } from "#app/work/watch-numbers.server.ts";
import { newCallSid } from "../support/calls.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { signedInCompanies } from "../support/load.ts";
import { Operator, pointedHere, publicUrl, smsOnly } from "../support/operator.ts";
import { runScript } from "../support/script.ts";
import { startTwilioApi, type TwilioApi } from "../support/twilio-api.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

const numbers = ["+353861234567", "+353861234568"] as const;
const day = 24 * 60 * 60 * 1000;

describe.each(engines)("companies' numbers at Twilio, on %s", (engine) => {
  let db: Knex;
  let url: string;
  let api: TwilioApi;
  let companies: { id: number; cookie: string }[];

  beforeEach(async () => {
    api = await startTwilioApi();
    ({ url } = await createMigratedDatabase(engine));
    db = openDatabase(url);
    await addToPool(db, numbers);
    companies = await signedInCompanies(db, 2);
    for (const [index, number] of numbers.entries()) {
      api.buy(number, pointedHere);
      await assignPhoneNumber(db, companies[index]!.id, number);
    }
    useEnvironment({ DATABASE_URL: url, ...api.environment });
  });

  /** Does the job, and returns what it logs. */
  async function look(): Promise<string[]> {
    const lines: string[] = [];
    const [error, warn] = [log.error, log.warn];
    const note = (...args: unknown[]) => void lines.push(String(args.at(-1)));
    Object.assign(log, { error: note, warn: note });
    try {
      expect(await numbersWatch.isWanted!(database())).toBe(true);
      await numbersWatch.run(database(), new AbortController().signal);
    } finally {
      Object.assign(log, { error, warn });
    }
    return lines;
  }

  const gone = async () => (await goneNumbers(db)).map(({ phoneNumber }) => phoneNumber);

  async function dashboard(index: number): Promise<{ alarm: object | null }> {
    const headers = { Cookie: companies[index]!.cookie };
    const request = new Request("http://localhost:3000/dashboard", { headers });
    const answer = await loader({ request, params: {}, context: {} });
    return (answer as unknown as { data: { alarm: object | null } }).data;
  }

  test("one missing from two lists raises the operator's alarm, and its company is told, until it is back", async () => {
    expect(await look()).toEqual([]);
    api.reclaim(numbers[0]);
    const before = api.requests.length;
    expect(await look()).toEqual([
      expect.stringMatching(/^a company's number is gone from the Twilio account/),
    ]);
    expect(api.requests.length - before).toBe(2);
    expect(await gone()).toEqual([numbers[0]]);
    expect((await metricsText()).text).toMatch(/^assigned_numbers_gone 1$/m);
    const { stdout } = await runScript("add-phone-numbers", [], { env: { DATABASE_URL: url } });
    expect(stdout.split("\n").slice(0, 2).join(" ")).toMatch(
      new RegExp(
        `^GONE: \\+353 86 123 4567, company ${companies[0]!.id}'s, is not in the Twilio account`,
      ),
    );
    expect((await dashboard(0)).alarm).toMatchObject({ what: "gone" });
    expect((await dashboard(1)).alarm).toBeNull();
    const { exitCode, findings } = await new Operator(api, url).examine();
    expect(exitCode).toBe(4);
    expect(findings.map(({ code }) => code)).toEqual(["twilio-number-not-owned"]);

    api.buy(numbers[0], pointedHere);
    expect(await look()).toEqual([]);
    expect(await gone()).toEqual([]);
    expect((await dashboard(0)).alarm).toBeNull();
  });

  test.each([
    ["too busy", { status: 429, times: 10, retryAfter: "100" }],
    ["another account", { status: 401 }],
    ["no answer that can be read", { status: 200, body: "{}" }],
  ])("a list that does not arrive says nothing about any number: %s", async (_why, fault) => {
    api.reclaim(numbers[0]);
    api.fail(fault);
    expect(await look()).toEqual([expect.stringContaining("could not be looked for")]);
    expect(await gone()).toEqual([]);
  });

  test("half a list, a failed second list, and a number missing only once raise no alarm", async () => {
    // The first list lacks one that only moved to another page.
    const listed = JSON.stringify({
      incoming_phone_numbers: [api.find(numbers[1])],
      next_page_uri: null,
      page: 0,
      page_size: 1000,
      uri: "/",
    });
    api.fail({ status: 200, body: listed });
    expect(await look()).toEqual([]);
    expect(await gone()).toEqual([]);
    api.reclaim(numbers[0]);
    api.fail({ status: 200, body: listed });
    api.fail({ status: 401 });
    expect(await look()).toEqual([expect.stringContaining("could not be looked for")]);
    expect(await gone()).toEqual([]);
  });

  test("an entry without a number may be any of them, and an account without any of them is another account", async () => {
    api.reclaim(numbers[0]);
    const odd = api.buy("+353861234599", { phone_number: null as never });
    expect(await look()).toEqual([]);
    expect(await gone()).toEqual([]);
    const { findings } = await new Operator(api, url).examine();
    expect(findings.map(({ code, finding }) => [code, finding])).toEqual([
      ["twilio-entry-unreadable", expect.stringContaining(odd.sid)],
    ]);
    odd.phone_number = "+353861234599";
    api.reclaim(numbers[1]);
    expect(await look()).toEqual([expect.stringContaining("none of the companies' numbers")]);
    expect(await gone()).toEqual([]);
  });

  test("owned numbers whose calls do not come here are named", async () => {
    useEnvironment({ PUBLIC_URL: publicUrl });
    expect(await look()).toEqual([]);
    api.find(numbers[0]).voice_url = "https://elsewhere.example.com/voice";
    api.find(numbers[1])["address_requirements"] = "any";
    expect(await look()).toEqual([
      "calls to companies' numbers do not come here: “npm run doctor” says of each what to do",
      expect.stringMatching(/^Twilio demands an address for companies' numbers/),
    ]);
    for (const trouble of [smsOnly, { voice_application_sid: `AP${"a".repeat(32)}` }]) {
      Object.assign(api.find(numbers[0]), pointedHere, trouble);
      expect(await look()).toHaveLength(2);
    }
    expect(await gone()).toEqual([]);
    // A server that Twilio cannot reach is a developer's, with the account of another.
    useEnvironment({ PUBLIC_URL: "http://localhost:3000" });
    Object.assign(api.find(numbers[0]), pointedHere, {
      capabilities: { voice: true },
      voice_application_sid: "",
      voice_url: "https://elsewhere.example.com/voice",
    });
    expect(await look()).toEqual([expect.stringMatching(/^Twilio demands an address/)]);
  });

  test("a number that nobody has called for 25 days asks to be rung, and Twilio's demand for an address is named", async () => {
    api.find(numbers[1])["address_requirements"] = "any";
    const now = Date.now();
    const idle = async (days = 26) => {
      const numbers: string[] = [];
      for await (const some of idleNumbers(db, 25, new Date(now + days * day))) {
        numbers.push(...some.map(({ phoneNumber }) => phoneNumber));
      }
      return numbers;
    };
    expect(await idle(24)).toEqual([]);
    expect(await idle()).toHaveLength(2);
    const calledBy = (at: Date, route: "phone" | "blocked") =>
      recordIncomingCall(
        db,
        { callSid: newCallSid(), from: "+353871112222", to: numbers[0], status: "ringing", at },
        { companyId: companies[0]!.id, route },
      );
    await calledBy(new Date(now + 5 * day), "phone");
    expect(await idle()).toEqual([numbers[1]]);
    await db("calls").delete();
    await calledBy(new Date(now + 5 * day), "blocked");
    expect(await idle()).toEqual([...numbers]);

    const { findings } = await new Operator(api, url).examine();
    expect(findings.map(({ code }) => code)).toEqual(["twilio-number-lacks-address"]);
  });
});
