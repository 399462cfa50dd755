import type { IncomingMessage } from "node:http";

/** How an answer may be compressed. */
export type Encoding = "br" | "gzip";

const accepts = (encoding: Encoding): [Encoding, RegExp] => [
  encoding,
  // Unless its weight is zero.
  new RegExp(`(?:^|[\\s,])${encoding}\\s*(?:$|,|;\\s*q=(?!0(?:\\.0*)?\\s*(?:$|,)))`, "i"),
];
const encodings = [accepts("br"), accepts("gzip")];

/** The best encoding that a client accepts (RFC 9110, "Accept-Encoding"), or undefined. */
export function acceptedEncoding({ headers }: IncomingMessage): Encoding | undefined {
  const accepted = headers["accept-encoding"];
  if (accepted === undefined) return undefined;
  return encodings.find(([, isIn]) => isIn.test(String(accepted)))?.[0];
}
