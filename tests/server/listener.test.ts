import { readdirSync } from "node:fs";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import http from "node:http";
import net from "node:net";
import { once } from "node:events";
import { beforeAll, expect, test } from "vitest";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { exchange, signedInCompanies, type SignedInCompany } from "../support/load.ts";
import { requestLine } from "../support/processes.ts";
import { startServer, type AppServer } from "../support/server.ts";

let server: AppServer;
let company: SignedInCompany;

beforeAll(async () => {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  server = await startServer({ databaseUrl });
  const db = openDatabase(databaseUrl);
  [company] = (await signedInCompanies(db, 1)) as [SignedInCompany];
});

const stylesheet = `/assets/${readdirSync("build/client/assets").find((name) => name.endsWith(".css"))}`;

/** An answer with its body as bytes. */
function bytes(
  path: string,
  headers: Record<string, string>,
): Promise<{
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}> {
  return new Promise((resolve, reject) => {
    http
      .get(server.url + path, { headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      })
      .on("error", reject);
  });
}

test("files and pages are compressed as the client accepts, or not at all", async () => {
  for (const path of [stylesheet, "/login"]) {
    const plain = await bytes(path, {});
    expect(plain.headers["content-encoding"]).toBeUndefined();
    const unpack = { br: brotliDecompressSync, gzip: gunzipSync };
    for (const encoding of ["br", "gzip"] as const) {
      const packed = await bytes(path, {
        "Accept-Encoding": `deflate, ${encoding};q=0.5`,
      });
      expect(packed.headers["content-encoding"]).toBe(encoding);
      expect(packed.headers.vary).toBe("Accept-Encoding");
      expect(packed.headers["content-length"]).toBe(String(packed.body.byteLength));
      expect(packed.body.byteLength).toBeLessThan(plain.body.byteLength / 2);
      const text = unpack[encoding](packed.body).toString();
      // A page's nonce is its own.
      const same = (page: string) => page.replace(/nonce="[^"]+"/g, "");
      expect(same(text)).toBe(same(plain.body.toString()));
    }
    const both = await bytes(path, { "Accept-Encoding": "gzip, br" });
    expect(both.headers["content-encoding"]).toBe("br");
    const neither = await bytes(path, {
      "Accept-Encoding": "br;q=0, gzip;q=0.0, brotli",
    });
    expect(neither.headers["content-encoding"]).toBeUndefined();
  }
});

test("a file whose name changes with its content is cached for a year; another is revalidated, and not sent again", async () => {
  const asset = await exchange(server.url + stylesheet);
  expect(asset.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
  expect(asset.headers["content-type"]).toBe("text/css; charset=utf-8");
  for (const path of ["/favicon.svg", "/robots.txt"]) {
    const file = await exchange(server.url + path);
    expect(file.headers["cache-control"]).toBe("public, max-age=0, must-revalidate");
    const again = await exchange(server.url + path, {
      headers: { "If-None-Match": `"other", ${file.headers.etag}` },
    });
    expect([again.status, again.body]).toEqual([304, ""]);
    expect(again.headers.etag).toBe(file.headers.etag);
    const changed = await exchange(server.url + path, {
      headers: { "If-None-Match": '"other"' },
    });
    expect(changed.status).toBe(200);
  }
  const packed = await bytes(stylesheet, { "Accept-Encoding": "br" });
  expect(packed.headers.etag).not.toBe(asset.headers.etag);
});

test("HEAD has the headers of GET and no body, for files, pages and resource routes", async () => {
  for (const path of [stylesheet, "/login", "/api/session", "/healthz"]) {
    const headers = { Cookie: company.cookie };
    const get = await exchange(server.url + path, { headers });
    const head = await exchange(server.url + path, { headers, method: "HEAD" });
    expect([path, head.status, head.body]).toEqual([path, get.status, ""]);
    expect(head.headers["content-type"]).toBe(get.headers["content-type"]);
  }
});

test("a connection lives on after a file, a page, a redirect and an answer to a body that was read", async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  agent.on("free", (socket: net.Socket) => ports.add(socket.localPort));
  for (const [path, method, body] of [
    [stylesheet, "GET"],
    ["/login", "GET"],
    ["/dashboard", "GET"],
    ["/api/login", "POST", "{}"],
    ["/login", "POST", ""],
    ["/healthz", "GET"],
  ] as const) {
    const { status } = await exchange(server.url + path, {
      method,
      agent,
      headers: { "Content-Type": "application/json" },
      ...(body !== undefined && { body }),
    });
    expect([path, status]).toEqual([path, expect.any(Number)]);
  }
  agent.destroy();
  expect(ports.size).toBe(1);
});

test("a request with two Hosts is refused, and so is one without", async () => {
  for (const hosts of ["Host: localhost\r\nHost: evil.example\r\n", ""]) {
    const socket = net.connect(Number(new URL(server.url).port), "localhost");
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk) => (text += chunk));
    socket.write(`GET /login HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`);
    await once(socket, "close");
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain("frame-ancestors 'none'");
  }
});

test("paths are found whatever their case and slashes, as Remix finds them", async () => {
  for (const path of ["/API/session/", "/api/%73ession", "/Login//"]) {
    const { status, body } = await exchange(server.url + path, {
      headers: { "X-Request-Id": `found${path.replace(/[%]/g, "")}` },
    });
    expect([path, status, /page/i.test(body)]).not.toEqual([path, 404, true]);
    const line = await requestLine(server, `found${path.replace(/[%]/g, "")}`);
    expect(line.route).toBe(/login/i.test(path) ? "/login" : "/api/session");
  }
});

test("no answer to a signed-in company is cached, not even a redirect", async () => {
  for (const path of ["/", "/dashboard", "/login", "/settings/phone"]) {
    const { headers } = await exchange(server.url + path, {
      headers: { Cookie: company.cookie },
    });
    expect([path, headers["cache-control"]]).toEqual([path, "no-store"]);
  }
});
