import { once } from "node:events";
import { readdirSync } from "node:fs";
import http from "node:http";
import net from "node:net";
import { beforeAll, describe, expect, test } from "vitest";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import {
  exchange,
  inParallel,
  signedInCompanies,
  until,
  type Exchange,
  type SignedInCompany,
} from "../support/load.ts";
import { logLines, megabytes, requestLine, workerPid } from "../support/processes.ts";
import { startServer, type AppServer } from "../support/server.ts";
import { twilioVariables } from "../support/twilio-webhooks.ts";

const publicUrl = "https://numbers.example.com";

let server: AppServer;
let company: SignedInCompany;

beforeAll(async () => {
  const { url: databaseUrl } = await createMigratedDatabase("postgres");
  [company] = (await signedInCompanies(openDatabase(databaseUrl), 1)) as [SignedInCompany];
  // As the cookie is called where it is Secure.
  company.cookie = company.cookie.replace("session=", "__Host-session=");
  server = await startServer({ databaseUrl, env: { PUBLIC_URL: publicUrl, ...twilioVariables } });
});

/** Sends bytes as they are, and reads until the server closes or has sent nothing for a second. */
async function raw(bytes: string): Promise<Exchange> {
  const { hostname, port } = new URL(server.url);
  const socket = net.connect(Number(port), hostname);
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk) => (text += chunk));
  socket.on("error", () => {});
  socket.setTimeout(1_000, () => socket.destroy());
  socket.write(bytes);
  await once(socket, "close");
  const [head = "", ...body] = text.split("\r\n\r\n");
  const [statusLine = "", ...lines] = head.split("\r\n");
  return {
    status: Number(statusLine.split(" ")[1]),
    headers: Object.fromEntries(
      lines.map((line) => {
        const [name = "", ...value] = line.split(": ");
        return [name.toLowerCase(), value.join(": ")];
      }),
    ),
    body: body.join("\r\n\r\n"),
  };
}

function expectSecurityHeaders({ headers }: Exchange): void {
  const policy = headers["content-security-policy"];
  for (const directive of [
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
  ]) {
    expect(policy).toContain(directive);
  }
  expect(headers["x-content-type-options"]).toBe("nosniff");
  expect(headers["referrer-policy"]).toBe("same-origin");
  expect(headers["strict-transport-security"]).toMatch(
    /^max-age=(3153[6-9]|315[4-9]|31[6-9]|3[2-9]|[4-9])\d+/,
  );
  expect(headers["x-powered-by"]).toBeUndefined();
}

describe("every answer has the security headers", () => {
  const get = (path: string) => exchange(`${server.url}${path}`);
  const host = "Host: localhost";
  const asset = readdirSync("public")[0] ?? "";
  const cases: [string, number, () => Promise<Exchange>][] = [
    ["a page", 200, () => get("/login")],
    ["a page's data", 200, () => get("/login.data")],
    ["a file", 200, () => get(`/${asset}`)],
    ["a health check", 200, () => get("/healthz")],
    ["a redirect", 302, () => get("/dashboard")],
    ["an unknown page", 404, () => get("/no/such/page")],
    ["an unknown asset", 404, () => get("/assets/nothing.js")],
    ["an unknown API path", 404, () => get("/api/nothing")],
    ["a 401", 401, () => get("/api/session")],
    ["escapes that stand for nothing", 404, () => get("/%ff%c0%zz")],
    ["a zero byte", 404, () => get("/%00")],
    [
      "a method that is not allowed",
      405,
      () => exchange(`${server.url}/api/session`, { method: "DELETE" }),
    ],
    ["TRACE", 405, () => exchange(`${server.url}/`, { method: "TRACE" })],
    ["no HTTP at all", 400, () => raw("hello\r\n\r\n")],
    ["no Host", 400, () => raw("GET / HTTP/1.1\r\n\r\n")],
    [
      "two lengths",
      400,
      () => raw(`POST / HTTP/1.1\r\n${host}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na`),
    ],
    [
      "headers that are too large",
      431,
      () => raw(`GET / HTTP/1.1\r\n${host}\r\nX: ${"x".repeat(20_000)}\r\n\r\n`),
    ],
    [
      "an expectation that is unknown",
      417,
      () => raw(`GET / HTTP/1.1\r\n${host}\r\nExpect: tea\r\n\r\n`),
    ],
    [
      "a whole address as the target",
      200,
      () =>
        raw(
          `GET http://elsewhere.example/healthz HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`,
        ),
    ],
    [
      "an asterisk as the target",
      405,
      () => raw(`OPTIONS * HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`),
    ],
    [
      "user and password in Host",
      200,
      () => raw(`GET /login HTTP/1.1\r\nHost: me:secret@evil\r\nConnection: close\r\n\r\n`),
    ],
  ];
  for (const [what, status, ask] of cases) {
    test(what, async () => {
      const answer = await ask();
      expect(answer.status).toBe(status);
      expectSecurityHeaders(answer);
      expect(answer.body).not.toMatch(/\bat .+:\d+:\d+|node_modules/);
    });
  }

  test("an API path with invalid escapes is a JSON 404", async () => {
    const answer = await get("/api/%ff");
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body)).toEqual({
      success: false,
      error: "Not found",
      code: "not_found",
    });
  });
});

test("forged forwarding headers change no URL, no port and no logged address", async () => {
  const forged = {
    "X-Forwarded-Host": "evil.example:99999",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Port": "1",
    "X-Forwarded-For": "203.0.113.9",
    Forwarded: "for=203.0.113.9;host=evil.example",
    "X-Client-Address": "203.0.113.9",
    "X-Request-Number": "1",
    Host: "evil.example",
  };
  const answer = await exchange(`${server.url}/dashboard`, {
    headers: { ...forged, "X-Request-Id": "forged-headers-1" },
  });
  expect(answer.status).toBe(302);
  expect(answer.headers.location).toBe("/login?redirectTo=%2Fdashboard");
  expect(JSON.stringify([answer.headers, answer.body])).not.toContain("evil");
  const line = await requestLine(server, "forged-headers-1");
  expect(JSON.stringify(line)).not.toMatch(/203\.0\.113|evil/);
  expect(line.address).toMatch(/^(127\.0\.0\.1|::1)$/);
});

test("an unacceptable X-Request-Id is replaced, and forges no line", async () => {
  const answer = await raw(
    'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: "},{"level":"info"\r\nConnection: close\r\n\r\n',
  );
  expect(answer.headers["x-request-id"]).toMatch(/^[\da-f-]{36}$/);
});

test("fault 16: a body of 200 MB without a length is refused with 413 and takes no memory", async () => {
  const pid = await workerPid(server);
  const before = megabytes(pid);
  let highest = before;
  let drained = 0;
  const chunk = Buffer.alloc(64 * 1024, "a");
  for (const [path, type] of [
    ["/api/signup", "application/json"],
    ["/signup", "application/x-www-form-urlencoded"],
    ["/api/phone-numbers/assign", "application/json"],
  ] as const) {
    let sent = 0;
    const status = await new Promise<number | string>((resolve) => {
      const request = http.request(server.url + path, {
        method: "POST",
        headers: { "Content-Type": type, Cookie: company.cookie },
        agent: false,
      });
      request.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      request.on("response", (response) => {
        resolve(response.statusCode ?? 0);
        response.resume();
      });
      const more = () => {
        while (sent < 200_000_000 && !request.destroyed) {
          sent += chunk.length;
          if (!request.write(chunk)) {
            // Seldom, since it holds this client up.
            if (++drained % 20 === 0) {
              highest = Math.max(highest, megabytes(pid));
            }
            request.once("drain", more);
            return;
          }
        }
        request.end();
      };
      more();
    });
    expect([path, status]).toEqual([path, 413]);
  }
  highest = Math.max(highest, megabytes(pid));
  expect(highest - before).toBeLessThan(50);
});

test("fault 16: five million fields are refused with 413 and take no memory", async () => {
  const pid = await workerPid(server);
  const before = megabytes(pid);
  let highest = before;
  for (const [path, type, body] of [
    ["/signup", "application/x-www-form-urlencoded", "a=&".repeat(5_000_000)],
    ["/api/signup", "application/json", `{${'"a":0,'.repeat(5_000_000)}"b":0}`],
    ["/twilio/voice", "application/x-www-form-urlencoded", "a=&".repeat(5_000_000)],
  ] as const) {
    const sent = exchange(server.url + path, {
      method: "POST",
      headers: { "Content-Type": type },
      body,
    }).then(
      ({ status }) => status,
      (error: NodeJS.ErrnoException) => error.code,
    );
    const status = await sent;
    highest = Math.max(highest, megabytes(pid));
    // The answer may be lost where the client is still writing when the connection is closed.
    expect([path, [413, "EPIPE", "ECONNRESET"].includes(status!)]).toEqual([path, true]);
  }
  expect(highest - before).toBeLessThan(50);
});

test("a declared length that is too large is refused before the body arrives", async () => {
  const { status, headers } = await raw(
    "POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 200000000\r\n\r\n",
  );
  expect(status).toBe(413);
  expect(headers.connection).toBe("close");
});

test("fault 17: 500 slow connections do others no harm, and are ended", async () => {
  const { hostname, port } = new URL(server.url);
  let ended = 0;
  const sockets = await inParallel(
    Array.from({ length: 500 }, (_, i) => i),
    50,
    async (i) => {
      const socket = net.connect(Number(port), hostname);
      socket.on("error", () => {});
      socket.on("close", () => ended++);
      await once(socket, "connect");
      if (i % 2 === 0) socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n");
      return socket;
    },
  );
  const drip = setInterval(() => {
    for (const socket of sockets) {
      if (socket.writable) socket.write("X-Slow: 1\r\n");
    }
  }, 2_000);
  const times: number[] = [];
  const askMeanwhile = async () => {
    const askedAt = performance.now();
    const { status } = await exchange(`${server.url}/api/session`, {
      headers: { Cookie: company.cookie },
    });
    expect(status).toBe(200);
    times.push(performance.now() - askedAt);
    return ended === 500;
  };
  await until("all of them are ended", askMeanwhile, 20).finally(() => clearInterval(drip));
  times.sort((a, b) => a - b);
  expect(times[Math.floor(times.length * 0.95)]).toBeLessThan(500);
  expect(logLines(server).filter(({ status }) => status === 408).length).toBeGreaterThan(0);
}, 60_000);
