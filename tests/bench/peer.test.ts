import path from "node:path";
import type { Request } from "autocannon";
import { beforeAll, expect, test } from "vitest";
import type { Knex } from "knex";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { cases, twilio, type Site } from "../../bench/cases.ts";
import { fill, type Data } from "../../bench/data.ts";
import { requestCost, siteOf } from "../../bench/measure.ts";
import { peer, start, type Server } from "../../bench/subjects.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { scratchDirectory } from "../support/scratch.ts";

// The peer is a yardstick only if it does the same work on the same tables.

let db: Knex;
let data: Data;
let server: Server;
let site: Site;
beforeAll(async () => {
  const { url } = await createMigratedDatabase("postgres");
  db = openDatabase(url);
  data = await fill(url);
  const scratch = scratchDirectory("bench-test-");
  cleanUpLater(async () => scratch.remove());
  server = await start(peer, path.join(scratch.path, "peer.log"), {
    DATABASE_URL: url,
    ...twilio,
  });
  cleanUpLater(() => server.stop());
  site = await siteOf(server, data);
});

const get = (address: string, cookie: string) =>
  fetch(server.url + address, { headers: { Cookie: cookie } });

test("the peer answers each case meant for it", async () => {
  for (const each of cases.filter(({ peer }) => peer)) {
    const cost = await requestCost(server, site, { ...each, amount: 40 });
    expect(cost).toBeGreaterThanOrEqual(0);
  }
});

test("the peer's list is the same as the app's", async () => {
  const answer = await get("/api/phone-numbers/available?limit=100", site.settled);
  const page = await listAvailable(db, { limit: 100 });
  expect(await answer.json()).toMatchObject({
    success: true,
    numbers: (page.ok ? page.numbers : []).map(({ phoneNumber, createdAt }) => ({
      phone_number: phoneNumber,
      created_at: createdAt,
    })),
  });
});

test("the peer knows who has a number", async () => {
  const path = "/api/phone-numbers/current";
  expect(await (await get(path, site.settled)).json()).toEqual({
    success: true,
    phone_number: "+353860000000",
    has_phone: true,
  });
  expect(await (await get(path, site.choosing)).json()).toEqual({
    success: true,
    phone_number: null,
    has_phone: false,
  });
  expect((await get(path, "session=nobodys")).status).toBe(401);
});

test("the peer stores a call, and refuses a forged one", async () => {
  const call = cases.find(({ name }) => name === "signed call")!.request(site);
  const sign = call.setupRequest as (request: Request) => Request;
  const { method, path, body, headers } = sign(call);
  const send = (more: Record<string, string>) =>
    fetch(server.url + path, {
      method: method!,
      headers: { ...(headers as Record<string, string>), ...more },
      body: String(body),
    });
  const callSid = new URLSearchParams(String(body)).get("CallSid");
  const kept = () => db("calls").where("call_sid", callSid).first();

  expect((await send({ "X-Twilio-Signature": "forged" })).status).toBe(403);
  expect(await kept()).toBeUndefined();
  expect((await send({})).status).toBe(200);
  expect(await kept()).toMatchObject({
    from_number: "+353871112222",
    to_number: data.calledNumber,
    route: "phone",
    twilio_status: "completed",
    outcome: "missed",
  });
});
