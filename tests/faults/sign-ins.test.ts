import { expect, test } from "vitest";
import { aCompany, Client } from "../support/client.ts";
import { createMigratedDatabase, engines } from "../support/databases.ts";
import { exchange, inParallel } from "../support/load.ts";
import { startServer } from "../support/server.ts";

/** Milliseconds that 99 in 100 do not exceed. */
const p99 = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;

test.each(engines)("fault 18: 200 sign-ins at once hold nobody else up (%s)", async (engine) => {
  const { url: databaseUrl } = await createMigratedDatabase(engine);
  const server = await startServer({ databaseUrl, env: { RATE_LIMITS: "on" } });
  const fields = aCompany();
  await new Client(server.url).signUp(fields);
  // Another company's, since a company with so many sessions would lose its oldest ones.
  const client = new Client(server.url);
  await client.signUp();
  const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const ask = async () => {
    const askedAt = performance.now();
    const { status } = await exchange(`${server.url}/api/session`, { headers: { Cookie: cookie } });
    expect(status).toBe(200);
    return performance.now() - askedAt;
  };
  const askUntil = async (done: () => boolean) => {
    const times: number[] = [];
    do times.push(await ask());
    while (!done());
    return times;
  };
  const quiet: number[] = [];
  for (let i = 0; i < 100; i++) quiet.push(await ask());

  let answered = 0;
  const flood = inParallel(Array.from({ length: 200 }), 200, async () => {
    const { status } = await exchange(`${server.url}/api/login`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ email: fields.email, password: fields.password }),
    });
    answered++;
    return status;
  });
  const meanwhile = await askUntil(() => answered === 200);
  const statuses = await flood;
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  // A busy machine is slow at everything.
  expect(p99(meanwhile)).toBeLessThan(Math.max(500, 10 * p99(quiet)));
  expect(await server.stop()).toBe(0);
});
