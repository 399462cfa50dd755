import { database } from "#app/db.server.ts";
import type { By } from "#app/domain/audit.server.ts";
import { blockCaller, mostBlocked } from "#app/domain/blocked-callers.server.ts";
import { asStored } from "#app/domain/e164.ts";

/** Why a caller is not blocked when the list is full. */
export const tooManyBlocked = `You have blocked ${mostBlocked.toLocaleString("en")} callers: lift a block first.`;

/** Blocks a number as somebody typed it. @returns what is wrong with it, if anything is */
export async function blockTypedNumber(
  companyId: number,
  typed: string,
  by: By,
): Promise<string | undefined> {
  const caller = asStored(typed);
  if (caller === undefined) {
    return "Enter a phone number with its country code, like +353 86 123 4567.";
  }
  switch (await blockCaller(database(), companyId, caller, by)) {
    case "blocked":
      return undefined;
    case "withheld":
      return "This is what networks write where the number is withheld. Choose what becomes of such calls instead.";
    case "too-many":
      return tooManyBlocked;
  }
}
