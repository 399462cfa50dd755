import { expect, test } from "vitest";
import { ipAddress, networksOf } from "#app/ip-address.ts";

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["192.0.2.1:4711", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:c000:0201", "192.0.2.1"],
  ["[::ffff:192.0.2.1]:4711", "192.0.2.1"],
  ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["[2001:db8::1]", "2001:db8::1"],
  ["[2001:db8::1]:65535", "2001:db8::1"],
  ["fe80::1%eth0", "fe80::1"],
  ["::1", "::1"],
  ["::", "::"],
])("the address %s is kept as %s", (text, kept) => {
  expect(ipAddress(text)).toBe(kept);
});

test.each([
  "",
  "unknown",
  "_hidden",
  "192.0.2",
  "192.0.2.256",
  "192.0.2.01",
  "192.0.2.1:",
  "192.0.2.1:port",
  "[192.0.2.1]",
  "[2001:db8::1",
  "[2001:db8::1]:",
  "[2001:db8::1]x",
  "2001:db8::1::",
  "for=192.0.2.1",
  "localhost",
  "192.0.2.1\n192.0.2.2",
])("%j is not an address", (text) => {
  expect(ipAddress(text)).toBeUndefined();
});

test.each([
  ["192.0.2.1", ["192.0.2.1"]],
  ["unknown", ["unknown"]],
  ["2001:db8:1:2:3:4:5:6", ["2001:db8:1:2::/64", "2001:db8:1::/48"]],
  ["2001:db8:1:2::", ["2001:db8:1:2::/64", "2001:db8:1::/48"]],
  ["2001:db8::1", ["2001:db8:0:0::/64", "2001:db8:0::/48"]],
  ["::1", ["0:0:0:0::/64", "0:0:0::/48"]],
  ["::", ["0:0:0:0::/64", "0:0:0::/48"]],
])("%s is counted by %j", (address, networks) => {
  expect(networksOf(address)).toEqual(networks);
});
