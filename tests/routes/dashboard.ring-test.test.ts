import { describe, expect, test } from "vitest";
import { reading } from "#app/db.server.ts";
import { loader } from "#app/routes/dashboard_.ring-test.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { until } from "../support/load.ts";
import { openStream, streamPath, type Stream } from "../support/ring-test-stream.ts";
import { startServer } from "../support/server.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";
import { called, companyWith, page, useCallSite } from "../support/call-pages.ts";

describe.each(engines)("the ring test's event stream on %s", (engine) => {
  const site = useCallSite(engine);

  test("says so when the first call comes, and ends", async () => {
    const company = await site.fresh();
    const stream = await openStream(company);
    expect(stream.status).toBe(200);
    expect(Object.fromEntries(stream.headers)).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
    });
    expect(stream.headers.get("Content-Encoding")).toBeNull();
    await stream.says("retry:");
    const callSid = await called(site.db, company);
    const all = await stream.ends();
    expect(all).toBe("retry: 3000\n\nevent: call\ndata: came\n\n");
    expect(all).not.toContain(callSid);
    const again = await openStream(company);
    expect(await again.ends()).toContain("event: call");
  });

  test("a company may have a few, and those whose reader has gone do not count", async () => {
    const company = await site.fresh();
    const streams: Stream[] = [];
    for (let i = 0; i < 4; i++) streams.push(await openStream(company));
    for (const stream of streams) await stream.says("retry:");
    const refused = await company.client.fetch(streamPath);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("Cache-Control")).toBe("no-store");
    expect((await openStream(await site.fresh())).status).toBe(200);
    for (const stream of streams) await stream.close();
    await until("a free place", async () => {
      const stream = await openStream(company);
      await stream.close();
      return stream.status === 200;
    });
  });

  test("another company's call changes nothing", async () => {
    const [one, other] = [await site.fresh(), await site.fresh()];
    useEnvironment({ DATABASE_URL: site.databaseUrl });
    const gone = new AbortController();
    const request = new Request(`http://localhost:3000${streamPath}`, {
      headers: other.client.headers,
      signal: gone.signal,
    });
    const { body } = await loader({ request, params: {}, context: {} });
    const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toMatch(/^retry:/);
    const next = reader.read();
    await called(site.db, one);
    let looks = 0;
    reading().on("query", () => looks++);
    // One of them may have been asked before the call.
    await until("it has looked since", () => looks > 1);
    gone.abort();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  test("HEAD and Remix's data requests start no stream", async () => {
    const company = await site.fresh();
    for (let i = 0; i < 6; i++) {
      const head = await company.client.fetch(streamPath, { method: "HEAD" });
      expect(head.status).toBe(200);
      await page(company, `${streamPath}.data`);
    }
    const stream = await openStream(company);
    expect(stream.status).toBe(200);
    await stream.close();
  });
});

test("a server that is told to stop ends its event streams", async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const db = openDatabase(databaseUrl);
  const [number] = await fillPool(db, 1);
  const server = await startServer({ databaseUrl });
  const { client } = await companyWith(server.url, db, number!);
  const answer = await client.fetch(streamPath);
  const text = answer.text();
  const startedAt = performance.now();
  expect(await server.stop()).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(await text).toContain("retry:");
});
