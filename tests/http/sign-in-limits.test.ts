import { beforeAll, describe, expect, test } from "vitest";
import { aCompany, Client } from "../support/client.ts";
import { createMigratedDatabase, engines } from "../support/databases.ts";
import { startServer } from "../support/server.ts";

describe.each(engines)("guessing passwords (%s)", (engine) => {
  // With PostgreSQL two servers, used in turn: they count together.
  let urls: string[];
  beforeAll(async () => {
    const { url: databaseUrl } = await createMigratedDatabase(engine);
    const env = { RATE_LIMITS: "on", TRUST_PROXY: "1" };
    const servers = engine === "postgres" ? [1, 2] : [1];
    urls = (await Promise.all(servers.map(() => startServer({ databaseUrl, env })))).map(
      ({ url }) => url,
    );
  });

  let asked = 0;
  const from = (address: string) =>
    new Client(urls[asked++ % urls.length]!, { "X-Forwarded-For": address });

  async function statuses(count: number, attempt: (at: number) => Promise<{ status: number }>) {
    const counts: Record<number, number> = {};
    // As many as may wait for their password to be checked.
    const atOnce = 16;
    for (let start = 0; start < count; start += atOnce) {
      const length = Math.min(atOnce, count - start);
      const some = Array.from({ length }, (_, at) => attempt(start + at));
      for (const { status } of await Promise.all(some)) counts[status] = (counts[status] ?? 0) + 1;
    }
    return counts;
  }

  test("1,000 guesses at one account are throttled, and its owner still gets in", async () => {
    const fields = aCompany();
    const owner = from("203.0.113.1");
    await owner.signUp(fields);
    await owner.post("/api/logout", {});
    const guess = (address: string) => (at: number) =>
      from(address).post("/api/login", { email: fields.email, password: `guess ${at}` });
    expect(await statuses(1_000, guess("203.0.113.1"))).toEqual({ 401: 10, 429: 990 });
    const refused = await from("203.0.113.1").post("/api/login", fields);
    expect(refused.status).toBe(429);
    expect(refused.body.error).toMatch(/^Too many attempts\. Try again in /);
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThan(60);
    expect(await statuses(100, (at) => guess(`2001:db8:7:${at}::1`)(at))).toEqual({
      401: 30,
      429: 70,
    });
    expect(await statuses(60, (at) => guess(`198.51.100.${at % 20}`)(at))).toMatchObject({
      401: 60,
    });

    // From the guesser's own address with the browser of the sign-up, and from elsewhere with any.
    expect((await owner.post("/api/login", fields)).status).toBe(200);
    expect((await from("203.0.113.2").post("/api/login", fields)).status).toBe(200);
    expect((await from("[2001:db8:8::1]:443").post("/api/login", fields)).status).toBe(200);
  });

  test("what a client claims about its address counts for nothing", async () => {
    const { email } = aCompany();
    const ways = [
      (at: number) => `198.51.100.${at}, 203.0.113.9`,
      (at: number) => `203.0.113.9:${1000 + at}`,
      (at: number) => `[::ffff:203.0.113.9]:${1000 + at}`,
      // Stands for the proxy, which is one too.
      (at: number) => `198.51.100.${at}, unknown`,
    ];
    const counts = await statuses(80, (at) =>
      from(ways[at % ways.length]!(at)).post("/api/login", { email, password: "a guess of mine" }),
    );
    expect(counts).toEqual({ 401: 20, 429: 60 });
  });

  test("a company's people sign in together, each on a new browser", async () => {
    const fields = aCompany();
    await from("203.0.113.20").signUp(fields);
    for (let person = 0; person < 20; person++) {
      expect((await from("203.0.113.20").post("/api/login", fields)).status).toBe(200);
    }
  });
});
