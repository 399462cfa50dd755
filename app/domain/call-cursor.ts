import { isDatabaseTime, type DatabaseTime } from "#app/domain/times.ts";

/** Where a page of calls ends, as an address has it: pages run by the beginning of calls, and where that is one, by SID. */
export type Keyset = [startedAt: DatabaseTime, callSid: string];

export function encodeCursor([startedAt, callSid]: Keyset): string {
  return Buffer.from(`${startedAt} ${callSid}`).toString("base64url");
}

/** Undefined for what is no cursor. */
export function decodeCursor(cursor: string): Keyset | undefined {
  const [, at, callSid] =
    /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (CA[0-9a-fA-F]{32})$/.exec(
      Buffer.from(cursor, "base64url").toString(),
    ) ?? [];
  return at && callSid && isDatabaseTime(at) ? [at, callSid] : undefined;
}
