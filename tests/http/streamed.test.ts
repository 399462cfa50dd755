import { once } from "node:events";
import http, { type ServerResponse } from "node:http";
import net, { type AddressInfo, type Socket } from "node:net";
import { expect, test } from "vitest";
import { log } from "#app/log/log.server.ts";
import { streamed } from "#app/http/streamed.server.ts";
import { send } from "#app/server/answer.server.ts";
import { beginExchange } from "#app/server/exchange.server.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { until } from "../support/load.ts";

const mebibyte = "x".repeat(1024 * 1024);

/**
 * A server that answers with `chunks`, and a client that has sent a request and reads nothing yet.
 */
async function asked(
  chunks: (signal: AbortSignal) => AsyncGenerator<string, void, undefined>,
): Promise<{ client: Socket; response: () => ServerResponse | undefined }> {
  let current: ServerResponse | undefined;
  const server = http.createServer((request, response) => {
    current = response;
    const exchange = beginExchange(request, "/export");
    const asked = {
      request: new Request("http://localhost/export"),
      context: { exchange },
    };
    const answer = streamed(asked, {}, chunks);
    void send({ request, response, exchange }, answer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUpLater(async () => {
    server.closeAllConnections();
    server.close();
  });
  const client = net.connect((server.address() as AddressInfo).port);
  client.pause();
  cleanUpLater(async () => client.destroy());
  client.write("GET /export HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  return { client, response: () => current };
}

test("nothing is produced before the client takes it", async () => {
  let made = 0;
  let over = false;
  const { client, response } = await asked(async function* () {
    try {
      for (; made < 200; made++) yield mebibyte;
    } finally {
      over = true;
    }
  });
  let before = -1;
  await until("it stands still, at a full pipe or at the end", () => {
    const still = made === before && (made === 200 || response()?.writableNeedDrain === true);
    before = made;
    return still;
  });
  expect(made).toBeLessThan(30);
  let received = 0;
  client.on("data", (chunk) => (received += chunk.length));
  client.resume();
  await once(client, "close");
  expect(made).toBe(200);
  expect(received).toBeGreaterThan(200 * 1024 * 1024);
  expect(over).toBe(true);
});

test("a client that goes ends it, whatever it was waiting for", async () => {
  let over = false;
  const { client, response } = await asked(async function* () {
    try {
      for (;;) yield mebibyte;
    } finally {
      over = true;
    }
  });
  await until("a full pipe", () => response()?.writableNeedDrain === true);
  client.destroy();
  await until("the end", () => over);
});

test("a client that goes also ends, at once, a stream that is waiting for something else", async () => {
  let over = false;
  const { client } = await asked(async function* (gone) {
    try {
      yield "retry: 3000\n\n";
      await once(gone, "abort");
      yield "too late";
    } finally {
      over = true;
    }
  });
  client.resume();
  await once(client, "data");
  client.destroy();
  await until("the end", () => over);
});

test("a fault in the middle cuts the connection, so that half an answer cannot pass for the whole", async () => {
  const { level } = log;
  log.level = "silent";
  let text = "";
  const { client } = await asked(async function* () {
    yield "half\n";
    await until("half of it", () => text.includes("half"));
    throw new Error("the database is gone");
  });
  client.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  client.on("error", () => {});
  client.resume();
  await once(client, "close");
  log.level = level;
  // The end of a chunked body.
  expect(text).not.toContain("\r\n0\r\n");
  expect(text).not.toContain("database");
});
