import { beforeEach, describe, expect, test } from "vitest";
import { aCompany, Client } from "../support/client.ts";
import { createMigratedDatabase } from "../support/databases.ts";
import { startServer } from "../support/server.ts";

describe("guessing passwords", () => {
  let url: string;
  beforeEach(async () => {
    const { url: databaseUrl } = await createMigratedDatabase("sqlite");
    url = (
      await startServer({
        databaseUrl,
        env: { RATE_LIMITS: "on", TRUST_PROXY: "1" },
      })
    ).url;
  });

  const from = (address: string) => new Client(url, { "X-Forwarded-For": address });

  async function statuses(tries: (() => Promise<{ status: number }>)[]) {
    const counts: Record<number, number> = {};
    for (let start = 0; start < tries.length; start += 20) {
      const answers = await Promise.all(tries.slice(start, start + 20).map((attempt) => attempt()));
      for (const { status } of answers) {
        counts[status] = (counts[status] ?? 0) + 1;
      }
    }
    return counts;
  }

  test("1,000 guesses at one account are throttled, and its owner still gets in", async () => {
    const fields = aCompany();
    const owner = from("203.0.113.1");
    await owner.signUp(fields);
    await owner.post("/api/logout", {});
    const guesser = from("203.0.113.1");
    const counts = await statuses(
      Array.from(
        { length: 1_000 },
        (_, i) => () =>
          guesser.post("/api/login", {
            email: fields.email,
            password: `guess ${i}`,
          }),
      ),
    );
    expect(counts).toEqual({ 401: 10, 429: 990 });
    const refused = await guesser.post("/api/login", fields);
    expect(refused.status).toBe(429);
    expect(refused.body.error).toMatch(/^Too many attempts\. Try again in /);
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(60);

    // From the guesser's own address with the browser of the sign-up, and from elsewhere with any.
    expect((await owner.post("/api/login", fields)).status).toBe(200);
    expect((await from("203.0.113.2").post("/api/login", fields)).status).toBe(200);
  });

  test("1,000 accounts tried from one address are throttled, others are served", async () => {
    const fields = aCompany();
    await from("203.0.113.9").signUp(fields);
    const guesser = from("203.0.113.1");
    const counts = await statuses(
      Array.from(
        { length: 1_000 },
        (_, i) => () =>
          guesser.post("/api/login", {
            email: `somebody${i}@example.com`,
            password: "a common password",
          }),
      ),
    );
    expect(counts).toEqual({ 401: 100, 429: 900 });
    expect((await from("203.0.113.2").post("/api/login", fields)).status).toBe(200);
  });

  test("an address that a client claims beside the proxy's word counts for nothing", async () => {
    const { email } = aCompany();
    const counts = await statuses(
      Array.from(
        { length: 40 },
        (_, i) => () =>
          from(`198.51.100.${i}, 203.0.113.1`).post("/api/login", {
            email,
            password: "a guess of mine",
          }),
      ),
    );
    expect(counts).toEqual({ 401: 10, 429: 30 });
  });

  test("signing in rightly many times is not throttled", async () => {
    const fields = aCompany();
    const client = from("203.0.113.1");
    await client.signUp(fields);
    const counts = await statuses(
      Array.from({ length: 40 }, () => () => from("203.0.113.1").post("/api/login", fields)),
    );
    expect(Object.keys(counts)).not.toContain("401");
    expect(counts[200]).toBeGreaterThan(9);
    expect((await client.post("/api/login", fields)).status).toBe(200);
  });
});
