import { isDatabaseTime, type DatabaseTime } from "#app/domain/times.ts";

/**
 * Where a page of calls ends, as it stands in an address: calls are ordered by when they began,
 * then by SID.
 */
export type Keyset = [startedAt: DatabaseTime, callSid: string];

/** The address's text for a place. */
export function encodeCursor([startedAt, callSid]: Keyset): string {
  return Buffer.from(`${startedAt} ${callSid}`).toString("base64url");
}

/** Undefined if it is not a cursor. */
export function decodeCursor(cursor: string): Keyset | undefined {
  const [, at, callSid] =
    /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (CA[0-9a-fA-F]{32})$/.exec(
      Buffer.from(cursor, "base64url").toString(),
    ) ?? [];
  return at && callSid && isDatabaseTime(at) ? [at, callSid] : undefined;
}
