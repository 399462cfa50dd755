import { database } from "#app/db.server.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { currentPhoneNumber } from "#app/domain/phone-numbers.server.ts";

/** A company's number as its pages show it. Made on the server: the numbering plans are too much for a browser. */
export interface ShownNumber {
  /** E.164 */
  phoneNumber: string;
  /** `+353 86 123 4567` */
  shown: string;
  /** RFC 3339, UTC */
  assignedAt: string;
  /** `22 November 2026`, UTC */
  since: string;
}

const longDate = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "long",
  timeZone: "UTC",
});

/** The company's number, or null where it has none. */
export async function shownNumberOf(
  companyId: number,
): Promise<ShownNumber | null> {
  const number = await currentPhoneNumber(database(), companyId);
  return number
    ? {
        ...number,
        shown: formatPhoneNumber(number.phoneNumber),
        since: longDate.format(new Date(number.assignedAt)),
      }
    : null;
}
