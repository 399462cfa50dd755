import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import type { Knex } from "knex";
import openapiTS, { astToString } from "openapi-typescript";
import { beforeAll, describe, expect, test } from "vitest";
import { addToPool } from "#app/domain/pool.server.ts";
import { makeToken, scopes } from "#app/domain/tokens.server.ts";
import { errorCodes } from "#app/http/api-errors.ts";
import { apiDocument, operations } from "#app/http/api/document.server.ts";
import { errorsOf } from "#app/http/api/operation.server.ts";
import { curlOf } from "#app/http/api/reference.server.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { Client } from "../support/client.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { expectDocumented } from "../support/documented.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { leavesMessage, untilSaid } from "../support/programs.ts";
import { startServer } from "../support/server.ts";
import { startTwilioApi, type TwilioApi } from "../support/twilio-api.ts";

const run = promisify(execFile);

function scratch(prefix: string): string {
  const directory = scratchDirectory(prefix);
  cleanUpLater(async () => directory.remove());
  return directory.path;
}

/** The order in which a program would make the calls. */
const inOrder =
  "signUp logOut logIn makeToken listTokens getSession listAvailableNumbers assignNumber getCurrentNumber getCallHandling putCallHandling listCalls getCall getMessage revokeToken".split(
    " ",
  );

describe.each(engines)("the documented examples on %s", (engine) => {
  let url: string;
  let db: Knex;
  let twilio: TwilioApi;
  beforeAll(async () => {
    const database = await createMigratedDatabase(engine);
    db = openDatabase(database.url);
    await addToPool(db, ["+441614960123"]);
    twilio = await startTwilioApi();
    const { environment: env } = twilio;
    url = (await startServer({ databaseUrl: database.url, env })).url;
  });

  test("are answered as documented, each sent by its own line of curl", async () => {
    expect(inOrder.toSorted()).toEqual(operations.map(({ id }) => id).toSorted());
    const cwd = scratch("examples-");
    let token = "";
    for (const id of inOrder) {
      const operation = operations.find((one) => one.id === id)!;
      const { method, answer, example } = operation;
      if (id === "listCalls") {
        const { calls } = example.answer as { calls: { call_sid: string }[] };
        await leavesMessage(db, twilio, { callSid: calls[0]!.call_sid, companyId: 1 });
      }
      const curl = curlOf(operation).replaceAll("http://localhost:3000", url);
      const { stdout } = await run("bash", ["-c", `${curl} ${answer.sound ? "-D -" : "-i"}`], {
        cwd,
        env: { ...process.env, TOKEN: token },
      });
      const [head = "", text = ""] = stdout.split("\r\n\r\n");
      const status = Number(/^HTTP\/1.1 (\d+)/.exec(head)?.[1]);
      expect([id, status, text]).toEqual([id, answer.status, text]);
      if (answer.sound) {
        // curl has put it into the file that its line names.
        const heard = readFileSync(path.join(cwd, "message.mp3"));
        expect(heard.subarray(-twilio.sound.file.length).equals(twilio.sound.file)).toBe(true);
        continue;
      }
      const [, requestId = ""] = /^x-request-id: (.*)$/im.exec(head) ?? [];
      const headers = new Headers({ "X-Request-Id": requestId });
      const address = /https?:\/\/[^/]+([^'?]+)/.exec(curl)?.[1] ?? "";
      expectDocumented(method, address, status, headers, text);
      // It has what the documented answer has, as far as it is told beforehand.
      const got = JSON.parse(text) as Record<string, unknown>;
      expect(Object.keys(got)).toEqual(["success", ...Object.keys(example.answer)]);
      if (id === "signUp" || id === "assignNumber" || id === "putCallHandling") {
        expect(got).toEqual({ success: true, ...example.answer });
      }
      if (id === "listTokens") {
        const made = await makeToken(db, 1, { name: "all", scopes: [...scopes], expires_at: null });
        token = made.outcome === "made" ? made.secret : "";
      }
    }
  });
});

test("documented answers are as their schemas say", () => {
  const headers = new Headers({ "X-Request-Id": "x" });
  for (const { method, path: address, answer, example } of operations) {
    if (answer.sound) continue;
    const body = JSON.stringify({ success: true, ...example.answer });
    expectDocumented(method, address, answer.status, headers, body);
  }
});

test("the check of answers notices missing and extra fields and wrong types and statuses", () => {
  const headers = new Headers({ "X-Request-Id": "x" });
  const check = (status: number, body: object) =>
    expectDocumented("GET", "/api/phone-numbers/current", status, headers, JSON.stringify(body));
  const right = { success: true, phone_number: null, has_phone: false };
  check(200, right);
  for (const body of [
    { ...right, more: 1 },
    { ...right, phone_number: "nonsense" },
    { success: true, phone_number: null },
  ]) {
    expect(() => check(200, body)).toThrow(/current answered 200/);
  }
  expect(() => check(201, right)).toThrow(/not documented/);
  const refused = { success: false, error: "x", code: "not_authenticated" };
  check(401, refused);
  expect(() => check(403, refused)).toThrow(/another status/);
  expect(() => check(401, { ...refused, fields: {} })).toThrow();
  expect(() => check(404, { ...refused, code: "not_found" })).toThrow(/not documented/);
});

test("every error belongs to some call, except for that of an unknown method", () => {
  const used = new Set(operations.flatMap((operation) => errorsOf(operation)));
  expect(errorCodes.filter((code) => !used.has(code))).toEqual(["method_not_allowed"]);
});

test("a public linter's recommended rules find nothing", async () => {
  const cwd = scratch("lint-");
  const document = JSON.stringify(apiDocument()).replaceAll(
    "http://localhost:3000",
    "https://numbers.acme.test",
  );
  writeFileSync(path.join(cwd, "openapi.json"), document);
  const redocly = path.resolve("node_modules/@redocly/cli/bin/cli.js");
  const { stdout } = await run(
    process.execPath,
    [redocly, "lint", "openapi.json", "--extends=recommended", "--format=json"],
    {
      cwd,
      env: {
        ...process.env,
        REDOCLY_TELEMETRY: "off",
        REDOCLY_SUPPRESS_UPDATE_NOTICE: "true",
      },
    },
  );
  const { totals, problems } = JSON.parse(stdout) as { totals: unknown; problems: unknown[] };
  expect(problems).toEqual([]);
  expect(totals).toMatchObject({ errors: 0, warnings: 0 });
});

describe("what is served", () => {
  let client: Client;
  beforeAll(async () => {
    const { url: databaseUrl } = await createMigratedDatabase("sqlite");
    client = new Client((await startServer({ databaseUrl })).url);
  });

  test("the document names this server, for anybody, and only for reading", async () => {
    const response = await client.fetch("/api/openapi.json");
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
    const document = (await response.json()) as Record<string, unknown>;
    expect(document).toMatchObject({ openapi: "3.1.0", servers: [{ url: client.url }] });
    expect(Object.keys(document["paths"] as object)).toEqual(
      Object.keys(apiDocument()["paths"] as object),
    );
    const posted = await client.fetch("/api/openapi.json", { method: "POST", body: "{}" });
    expect([posted.status, posted.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
  });

  test("the page has every call with its curl, and every error", async () => {
    const html = await (await client.fetch("/api/docs")).text();
    const [main = ""] = /<main.*<\/main>/s.exec(html) ?? [];
    const text = main
      .replaceAll(/<!--.*?-->|<[^>]+>/gs, "")
      .replaceAll("&quot;", '"')
      .replaceAll("&#x27;", "'")
      .replaceAll("&amp;", "&");
    for (const operation of operations) {
      expect(text).toContain(`${operation.method} ${operation.path}`);
      expect(text).toContain(curlOf(operation).replaceAll("http://localhost:3000", client.url));
    }
    for (const code of errorCodes) expect(main).toContain(`id="${code}"`);
    const targets = [...main.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(targets.filter((id) => !main.includes(`id="${id}"`))).toEqual([]);
  });
});

/** A program that a stranger would write with a client that is made of the document. */
const walk = `
import createClient from "openapi-fetch";
import type { paths } from "./api.d.ts";

const [baseUrl = "", token = ""] = process.argv.slice(2);
const api = createClient<paths>({ baseUrl, headers: { Authorization: \`Bearer \${token}\` } });

const list = await api.GET("/api/phone-numbers/available", { params: { query: { limit: 2, country: "IE" } } });
const first: string | undefined = list.data?.numbers[0]?.phone_number;
if (first === undefined) throw new Error("no number");
const assigned = await api.POST("/api/phone-numbers/assign", {
  params: { header: { "Idempotency-Key": "walk-" + first } },
  body: { phone_number: first },
});
const number: string | undefined = assigned.data?.phone_number;
const again = await api.POST("/api/phone-numbers/assign", { body: { first_available: true } });
const held = again.error?.code === "company_already_has_phone_number" ? again.error.phone_number : undefined;
const current = await api.GET("/api/phone-numbers/current");
const handling = await api.PUT("/api/call-handling", {
  body: { greeting: "Hello", mode: "message", target: null, ring_seconds: 20, take_message: true },
});
// Whoever runs this has somebody ring the number meanwhile.
process.stdout.write("ring " + number + "\\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.destroy();
const calls = await api.GET("/api/calls", { params: { query: { outcome: "message" } } });
const call_sid = calls.data?.calls[0]?.call_sid ?? "";
const call = await api.GET("/api/calls/{call_sid}", { params: { path: { call_sid } } });
const none = await api.GET("/api/calls/{call_sid}", { params: { path: { call_sid: "CA" + "0".repeat(32) } } });
const message = await api.GET("/api/calls/{call_sid}/message", { params: { path: { call_sid } }, parseAs: "arrayBuffer" });
const session = await api.GET("/api/session");
console.log(JSON.stringify({
  number, held,
  current: current.data?.phone_number,
  mode: handling.data?.call_handling.mode,
  calls: calls.data?.calls.length,
  from: call.data?.call.from,
  none: none.error?.code,
  bytes: message.data?.byteLength,
  company: session.data?.company.company_name,
}));
`;

describe("a client generated from the document", () => {
  let directory: string;
  beforeAll(async () => {
    // Here, so that it finds the packages.
    const made = scratchDirectory("client-", path.resolve("node_modules"));
    cleanUpLater(async () => made.remove());
    directory = made.path;
    const types = await openapiTS(JSON.stringify(apiDocument()));
    writeFileSync(path.join(directory, "api.d.ts"), astToString(types));
    writeFileSync(path.join(directory, "walk.ts"), walk);
    const [, example = ""] = /```ts\n(.*?)```/s.exec(readFileSync("docs/api.md", "utf8")) ?? [];
    writeFileSync(path.join(directory, "docs.ts"), example);
    writeFileSync(path.join(directory, "package.json"), '{"type":"module"}');
  });

  test("has types for everything that it sends and gets, as docs/api.md shows", async () => {
    const tsc = path.resolve("node_modules/typescript/bin/tsc");
    const options =
      "--noEmit --strict --skipLibCheck --target es2022 --module esnext --moduleResolution bundler --allowImportingTsExtensions --types node";
    const { stdout } = await run(
      process.execPath,
      [tsc, ...options.split(" "), "walk.ts", "docs.ts"],
      {
        cwd: directory,
      },
    ).catch((error: unknown) => error as { stdout: string });
    expect(stdout).toBe("");
  });

  test.each(engines)("does the whole job on %s", async (engine) => {
    const { url: databaseUrl } = await createMigratedDatabase(engine);
    const db = openDatabase(databaseUrl);
    await addToPool(db, ["+353861234567", "+353861234568"]);
    const twilio = await startTwilioApi();
    const { url } = await startServer({ databaseUrl, env: twilio.environment });
    const owner = new Client(url);
    await owner.signUp();
    const made = await owner.post("/api/tokens", { name: "walk", scopes });
    const { token } = made.body.token as { token: string };
    const walk = execFile(process.execPath, [
      "--import",
      "tsx",
      path.join(directory, "walk.ts"),
      url,
      token,
    ]);
    const [, number] = await untilSaid(walk, /^ring (\+\d+)\n/);
    await leavesMessage(db, twilio, { companyId: 1, to: number! });
    walk.stdin!.write("rang\n");
    const [text] = await untilSaid(walk, /^\{.*\}\n/m);
    expect(JSON.parse(text)).toEqual({
      number: "+353861234567",
      held: "+353861234567",
      current: "+353861234567",
      mode: "message",
      calls: 1,
      from: "+353871112222",
      none: "not_found",
      bytes: twilio.sound.file.length,
      company: "Ring & Sons",
    });
  });
});
