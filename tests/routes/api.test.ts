import { connect } from "node:net";
import { beforeAll, describe, expect, test } from "vitest";
import { apiDocument } from "#app/http/api/document.server.ts";
import { Client, refusal } from "../support/client.ts";
import { engines } from "../support/databases.ts";
import { openSite, type Site } from "../support/site.ts";

/** The API's calls that change something, for an id that there is not. */
const changingCalls = Object.entries(apiDocument().paths as Record<string, object>).flatMap(
  ([path, operations]) =>
    Object.keys(operations)
      .filter((method) => method !== "get")
      .map((method): [string, string] => [method.toUpperCase(), path.replace(/\{\w+\}/, "999")]),
);

/** A body that is sent without its length. */
const inChunks = (text: string) => new Blob(text ? [text] : []).stream();

describe.each(engines)("the JSON API's protocol on %s", (engine) => {
  let site: Site;
  beforeAll(async () => {
    site = await openSite(engine);
  });

  const paths: [path: string, method: "GET" | "POST"][] = [
    ["/api/phone-numbers/available", "GET"],
    ["/api/phone-numbers/current", "GET"],
    ["/api/session", "GET"],
    ["/api/phone-numbers/assign", "POST"],
  ];

  test.each(paths)("%s needs a session", async (path, method) => {
    const client = new Client(site.url);
    const answer = method === "GET" ? await client.get(path) : await client.post(path, {});
    expect(answer).toMatchObject(refusal(401, "not_authenticated", "Not authenticated"));
    expect(answer.headers.get("Cache-Control")).toBe("no-store");
    expect(answer.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
  });

  test.each([
    ...paths,
    ["/api/signup", "POST"] as const,
    ["/api/login", "POST"] as const,
    ["/api/logout", "POST"] as const,
  ])("%s has no methods other than %s", async (path, method) => {
    const allow = method === "GET" ? "GET, HEAD" : "POST";
    for (const other of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
      if (other === method) continue;
      const response = await new Client(site.url).fetch(path, {
        method: other,
        ...(other !== "GET" && {
          body: "{}",
          headers: { "Content-Type": "application/json" },
        }),
      });
      expect(response.status).toBe(405);
      expect(response.headers.get("Allow")).toBe(allow);
      expect(await response.json()).toMatchObject({ success: false });
    }
  });

  test.each(["/api", "/api/", "/api/nothing", "/api/phone-numbers", "/api/session/1"])(
    "%s is a JSON 404",
    async (path) => {
      expect(await new Client(site.url).get(path)).toMatchObject(
        refusal(404, "not_found", "Not found"),
      );
      expect(await new Client(site.url).post(path, {})).toMatchObject(
        refusal(404, "not_found", "Not found"),
      );
    },
  );

  test.each(["{", "", "nonsense", "[]", '"text"', "null", "\u00ff\u00fe"])(
    "the body %j is not a JSON object",
    async (body) => {
      const answer = await new Client(site.url).post("/api/login", body);
      expect(answer.status).toBe(400);
      expect(answer.body.error).toMatch(/JSON/);
    },
  );

  test.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonp",
  ])("a body of type %s is a 415", async (type) => {
    const response = await new Client(site.url).fetch("/api/login", {
      method: "POST",
      headers: { "Content-Type": type },
      body: "email=a&password=b",
    });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ success: false });
  });

  test.each(changingCalls)(
    "%s %s is answered alike without a body and with an empty one in chunks",
    async (method, path) => {
      const { client } = await site.signedUp();
      const none = await client.fetch(path, { method });
      expect([200, 400, 404]).toContain(none.status);
      const again = (await site.signedUp()).client;
      const empty = await again.fetch(path, { method, body: inChunks(""), duplex: "half" });
      expect([empty.status, await empty.json()]).toEqual([none.status, await none.json()]);
    },
  );

  test("an empty body may have any type where none is wanted, and one in chunks without a type is a 415", async () => {
    const { client } = await site.signedUp();
    for (const type of ["application/json", "application/x-www-form-urlencoded"]) {
      const headers = { "Content-Type": type };
      expect((await client.fetch("/api/logout", { method: "POST", headers })).status).toBe(200);
    }
    const sent = { method: "POST", body: inChunks("{}"), duplex: "half" } as const;
    expect((await client.fetch("/api/logout", sent)).status).toBe(415);
  });

  test("a body may have 16 KiB, and not a byte more", async () => {
    const client = new Client(site.url);
    const bodyOf = (size: number) => {
      const frame = JSON.stringify({ email: "", password: "x" });
      return JSON.stringify({
        email: "e".repeat(size - frame.length),
        password: "x",
      });
    };
    expect((await client.post("/api/login", bodyOf(16_384))).status).toBe(401);
    expect((await client.post("/api/login", bodyOf(16_385))).status).toBe(413);
  });

  test("a chunked body is refused when it passes the limit, before its end", async () => {
    const { hostname, port } = new URL(site.url);
    const socket = connect(Number(port), hostname);
    let answer = "";
    socket.setEncoding("utf8").on("data", (text) => (answer += String(text)));
    socket.write(
      "POST /api/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    const chunk = `1000\r\n${"x".repeat(0x1000)}\r\n`;
    for (let i = 0; i < 5; i++) socket.write(chunk);
    await new Promise((resolve) => socket.once("close", resolve));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toMatch(/connection: close/i);
    expect(answer).toContain('"success":false');
  });

  test("deep JSON and odd keys are data like any other", async () => {
    const deep = `{"email":${"[".repeat(5_000)}${"]".repeat(5_000)},"password":"x"}`;
    expect((await new Client(site.url).post("/api/login", deep)).status).toBe(400);
    expect(
      (
        await new Client(site.url).post(
          "/api/signup",
          '{"__proto__":{"email":"x"},"constructor":1}',
        )
      ).status,
    ).toBe(400);
  });

  test("HEAD answers as GET does, without the body", async () => {
    const { client } = await site.signedUp();
    const response = await client.fetch("/api/session", { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });

  test("another site's page is refused, a program without browser headers is not", async () => {
    const { client } = await site.signedUp();
    const attempts: [Record<string, string>, number][] = [
      [{ "Sec-Fetch-Site": "cross-site" }, 403],
      [{ "Sec-Fetch-Site": "same-site" }, 403],
      [{ Origin: "https://evil.example" }, 403],
      [{ Origin: "null" }, 403],
      [{ Origin: "not an origin" }, 403],
      [{ Origin: "https://evil.example", "Sec-Fetch-Site": "none" }, 200],
      [{ "Sec-Fetch-Site": "same-origin" }, 200],
      [{ Origin: site.url }, 200],
    ];
    for (const [headers, status] of attempts) {
      const response = await client.fetch("/api/logout", {
        method: "POST",
        headers: { ...headers, "Content-Type": "application/json" },
        body: "{}",
      });
      expect([headers, response.status]).toEqual([headers, status]);
      expect(await response.json()).toMatchObject({
        success: status === 200,
      });
    }
  });
});
