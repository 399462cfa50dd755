import { beforeAll, expect, test } from "vitest";
import { createMigratedDatabase } from "../support/databases.ts";
import { aCompany, Client } from "../support/client.ts";
import { exchange } from "../support/load.ts";
import { logLines, requestLine } from "../support/processes.ts";
import { startServer, type AppServer } from "../support/server.ts";

let server: AppServer;

beforeAll(async () => {
  const { url } = await createMigratedDatabase("sqlite");
  server = await startServer({ databaseUrl: url });
});

test("each request is one line, with its route, company and address", async () => {
  const client = new Client(server.url);
  const { body } = await client.signUp();
  const { id } = body.company as { id: number };
  await client.fetch("/api/session?page=1", {
    headers: { "X-Request-Id": "the-session-request" },
  });
  const line = await requestLine(server, "the-session-request");
  expect(line).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    pid: expect.any(Number),
    method: "GET",
    path: "/api/session",
    route: "/api/session",
    status: 200,
    ms: expect.any(Number),
    requestId: "the-session-request",
    companyId: id,
    address: expect.stringMatching(/^(127\.0\.0\.1|::1)$/),
    msg: "request",
  });
  const lines = logLines(server).filter(({ requestId }) => requestId === "the-session-request");
  expect(lines).toHaveLength(1);
});

test("sign-ins, refusals and assignments are events, with the company and without a secret", async () => {
  const fields = aCompany();
  const client = new Client(server.url, {
    "X-Request-Id": "the-events-of-one",
  });
  const { body } = await client.signUp(fields);
  const { id } = body.company as { id: number };
  await client.post("/api/login", { ...fields, password: "a wrong guess" });
  await client.post("/api/login", fields);
  await client.post("/api/phone-numbers/assign", {
    phone_number: "+353869999999",
  });
  const events = () =>
    logLines(server)
      .filter((line) => line.requestId === "the-events-of-one" && line.event)
      .map(({ event, outcome, companyId }) => [event, outcome, companyId]);
  await expect.poll(events).toEqual([
    ["sign-in", "signed-up", id],
    ["sign-in", "refused", undefined],
    ["sign-in", "signed-in", id],
    ["assignment", "not-available", id],
  ]);
});

test("two requests with the same id are not logged with each other's company", async () => {
  const client = new Client(server.url);
  await client.signUp();
  const headers = { "X-Request-Id": "one-id-for-two" };
  await Promise.all([
    client.fetch("/api/session", { headers }),
    exchange(`${server.url}/api/session`, { headers }),
  ]);
  await requestLine(server, "one-id-for-two");
  const companies = () =>
    logLines(server)
      .filter(({ requestId }) => requestId === "one-id-for-two")
      .map(({ status, companyId }) => `${String(status)} ${typeof companyId}`)
      .sort((a, b) => a.localeCompare(b));
  await expect.poll(companies).toEqual(["200 number", "401 undefined"]);
});

test("a secret planted anywhere in a request appears in no log line and no answer", async () => {
  const planted = "planted-s3cret-Zq8";
  const client = new Client(server.url, {
    Authorization: `Bearer ${planted}`,
    "X-Api-Key": planted,
    Referer: `${server.url}/?token=${planted}`,
    "User-Agent": planted,
  });
  const { body } = await client.signUp({ password: `${planted}-password` });
  const session = [...client.cookies.values()];
  const answers = [
    await client.post("/api/login", {
      email: (body.company as { email: string }).email,
      password: `${planted}-wrong`,
    }),
    await client.post("/api/signup", { password: planted, email: planted }),
    await client.post("/api/phone-numbers/assign", { phone_number: planted }),
    await client.post("/api/login", `{"password": "${planted}"`),
  ].map((answer) => JSON.stringify(answer.body));
  for (const path of ["/", "/login", "/nothing", "/api/session"]) {
    const answer = await exchange(`${server.url}${path}?token=${planted}`, {
      headers: { Cookie: `session=${planted}; device=${planted}` },
    });
    answers.push(JSON.stringify(answer.headers));
  }
  await exchange(`${server.url}/healthz`, {
    headers: { "X-Request-Id": "after-all-of-them" },
  });
  await requestLine(server, "after-all-of-them");
  for (const text of [server.output(), ...answers]) {
    expect(text).not.toContain(planted);
  }
  for (const value of session) expect(server.output()).not.toContain(value);
});

test("whatever is printed once the server is ready is a JSON line", async () => {
  await exchange(`${server.url}/healthz`, {
    headers: { "X-Request-Id": "the-last-line" },
  });
  await requestLine(server, "the-last-line");
  const [, afterReady = ""] = server.output().split(/Ctrl-C.*\n/);
  const lines = afterReady.split("\n").slice(0, -1);
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(JSON.parse(line)).toHaveProperty("msg");
});
