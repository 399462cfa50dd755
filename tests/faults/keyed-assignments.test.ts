import { appendFileSync } from "node:fs";
import type { Knex } from "knex";
import { describe, expect, test } from "vitest";
import { addToPool } from "#app/domain/pool.server.ts";
import { makeToken } from "#app/domain/tokens.server.ts";
import { assignmentsInBothTables, insertCompany, someNumbers } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { exchange, inParallel } from "../support/load.ts";
import { startServer, type AppServer } from "../support/server.ts";

/** How many bursts are interrupted, a seed each; `npm run faults -- --keyed 100` runs more. */
const seeds = Number(process.env["FAULT_SEEDS"] || 3);
const firstSeed = Number(process.env["FAULT_FIRST_SEED"] || 1);
const report = process.env["FAULT_REPORT"];
const companiesABurst = 12;

/** Numbers from 0 to 1, always the same for a seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A request with a key, which may be sent any number of times. */
interface Keyed {
  company: number;
  token: string;
  key: string;
  body: string;
}

async function requestsOf(db: Knex, seed: number, random: () => number): Promise<Keyed[]> {
  const numbers = someNumbers(companiesABurst, seed * companiesABurst);
  await addToPool(db, numbers);
  const requests: Keyed[] = [];
  for (const number of numbers) {
    const company = await insertCompany(db);
    const made = await makeToken(db, company, {
      name: "burst",
      scopes: ["numbers:assign"],
      expires_at: null,
    });
    requests.push({
      company,
      token: made.outcome === "made" ? made.secret : "",
      key: `key-${seed}-${number}`,
      // Some name a number that another company wants too, some take any.
      body: JSON.stringify(
        random() < 0.5
          ? { first_available: true }
          : { phone_number: numbers[Math.floor(random() * numbers.length)] },
      ),
    });
  }
  return requests;
}

/** The answer, or undefined if none came, or one that says to send it again. */
async function send(url: string, { token, key, body }: Keyed): Promise<string | undefined> {
  const answer = await exchange(`${url}/api/phone-numbers/assign`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      "Idempotency-Key": key,
    },
    body,
  }).catch(() => undefined);
  const isFinal = answer?.status === 200 || answer?.status === 400;
  return isFinal ? `${answer.status} ${answer.body}` : undefined;
}

/**
 * Sends each request twice, in a burst during which the server is killed.
 * @returns the answers, by key
 */
async function brokenOff(server: AppServer, requests: Keyed[], random: () => number) {
  const answers = new Map<string, Set<string>>(requests.map(({ key }) => [key, new Set()]));
  const killAfter = 1 + Math.floor(random() * companiesABurst * 1.5);
  const delay = random() * 3;
  let answered = 0;
  let killed: Promise<void> | undefined;
  const sent = [...requests, ...requests].toSorted((a, b) => a.key.localeCompare(b.key));
  await inParallel(sent, 8, async (request) => {
    const answer = await send(server.url, request);
    if (answer !== undefined) answers.get(request.key)!.add(answer);
    if (++answered === killAfter) {
      await new Promise((resolve) => setTimeout(resolve, delay));
      killed = server.kill();
    }
  });
  await killed;
  return answers;
}

describe.each(engines)("keyed assignments on %s", (engine) => {
  test(
    `killing the server in ${seeds} bursts leaves each key with one answer and one effect`,
    async () => {
      const { url: databaseUrl } = await createMigratedDatabase(engine);
      const db = openDatabase(databaseUrl);
      let server = await startServer({ databaseUrl });
      let answered = 0;
      let unanswered = 0;
      let effected = 0;
      for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
        const random = randomOf(seed);
        const requests = await requestsOf(db, seed, random);
        const answers = await brokenOff(server, requests, random);
        const without = [...answers.values()].filter(({ size }) => size === 0).length;
        unanswered += without;
        answered += answers.size - without;
        server = await startServer({ databaseUrl });
        for (let again = 0; again < 2; again++) {
          await inParallel(requests, 8, async (request) => {
            const answer = await send(server.url, request);
            answers.get(request.key)!.add(String(answer));
          });
        }
        const { pool, companies } = await assignmentsInBothTables(db);
        expect(pool).toEqual(companies);
        const held = new Map(pool);
        for (const { company, key } of requests) {
          const all = [...answers.get(key)!];
          expect([seed, key, all]).toEqual([seed, key, [all[0]]]);
          const [, number] = /^200 .*"phone_number":"(\+\d+)"/.exec(all[0]!) ?? [];
          expect([seed, key, held.get(company)]).toEqual([seed, key, number]);
          if (!number) expect(all[0]).toContain('"phone_number_not_available"');
          const effects = await db("audit_events").where({
            company_id: company,
            event: "assigned",
          });
          expect(effects).toHaveLength(number ? 1 : 0);
          effected += effects.length;
          const kept = await db("idempotency_keys").where({ company_id: company }).select("status");
          expect(kept).toEqual([{ status: number ? 200 : 400 }]);
        }
      }
      // Otherwise nothing was interrupted.
      expect(unanswered).toBeGreaterThan(0);
      if (report) {
        appendFileSync(
          report,
          `${engine}: ${seeds} bursts, the server killed in each. Of ${answered + unanswered} keys ${answered} had an answer before the kill and ${unanswered} none; then each had one answer and one effect (${effected} numbers, ${answered + unanswered - effected} refusals).\n`,
        );
      }
    },
    60_000 + seeds * 20_000,
  );
});
