import { isIP } from "node:net";

/** Client addresses: how they are written, and which networks each belongs to. */

/**
 * An address in the form in which it is stored and compared: IPv4 in decimal, even if a dual-stack
 * socket shows it as `::ffff:192.0.2.1`; IPv6 in the short form of RFC 5952, without a zone.
 * @param text as a socket or a proxy writes it, perhaps with a port and brackets: `192.0.2.1:80`,
 * `[2001:db8::1]:80`
 * @returns undefined if it is not an address
 */
export function ipAddress(text: string): string | undefined {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text)?.[1];
  const [address = ""] = (bracketed ?? text.replace(/^([\d.]+):\d{1,5}$/, "$1")).split("%");
  const kind = isIP(address);
  if (kind === 4 && bracketed === undefined) return address;
  if (kind !== 6) return undefined;
  const short = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(short);
  if (!mapped) return short;
  const bytes = mapped.slice(1).flatMap((group) => {
    const number = Number.parseInt(group, 16);
    return [number >> 8, number & 255];
  });
  return bytes.join(".");
}

/**
 * The networks by which to count a client, narrowest first: whoever has one IPv6 address has the
 * 2^64 of its /64, and often the 65,536 networks of a /48 (RFC 6177). An IPv4 address, or text that
 * is not an address, stands for itself.
 * @param address as {@link ipAddress} writes it
 */
export function networksOf(address: string): [narrow: string, wide?: string] {
  if (isIP(address) !== 6) return [address];
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail ? tail.split(":") : [];
  const groups = [
    ...before,
    ...Array<string>(8 - before.length - after.length).fill("0"),
    ...after,
  ];
  return [`${groups.slice(0, 4).join(":")}::/64`, `${groups.slice(0, 3).join(":")}::/48`];
}
