import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { beginExchange } from "#app/server/exchange.server.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

const proxy = "10.0.0.9";

/** @param socket the address that the connection comes from */
function addressOf(forwarded: string | undefined, trusted: number, socket = `::ffff:${proxy}`) {
  useEnvironment({ TRUST_PROXY: String(trusted) });
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return beginExchange({ headers, socket: { remoteAddress: socket } } as IncomingMessage, "/")
    .address;
}

test.each([
  ["nobody is trusted", 0, "203.0.113.1", proxy],
  ["no proxy has said anything", 1, undefined, proxy],
  ["the proxy's word counts", 1, "203.0.113.1", "203.0.113.1"],
  ["what the client claims itself does not", 1, "198.51.100.7, 203.0.113.1", "203.0.113.1"],
  ["of two proxies, the outer one's", 2, "198.51.100.7, 203.0.113.1, 10.0.0.8", "203.0.113.1"],
  ["a port is no part of it", 1, "203.0.113.1:4711", "203.0.113.1"],
  ["nor are brackets", 1, "198.51.100.7, [2001:DB8::1]:4711", "2001:db8::1"],
  ["“unknown” stands for the proxy", 1, "198.51.100.7, unknown", proxy],
  ["and so does what is empty", 1, "198.51.100.7,", proxy],
  ["of two, for the one that wrote it", 2, "198.51.100.7, unknown, 10.0.0.8", "10.0.0.8"],
  ["and where both say nothing, for the nearest", 2, "198.51.100.7, unknown, _hidden", proxy],
  ["whoever comes in behind the outer proxy", 2, "203.0.113.1", "203.0.113.1"],
  ["an entry in between that is none moves no other", 2, "1.1.1.1, 203.0.113.1, x", "203.0.113.1"],
] as const)("%s (TRUST_PROXY=%i, %s)", (_what, trusted, forwarded, address) => {
  expect(addressOf(forwarded, trusted)).toBe(address);
});

test("a socket that is gone has no address", () => {
  expect(addressOf(undefined, 0, "")).toBe("unknown");
});
