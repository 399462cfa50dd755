import type { Company } from "#app/domain/companies.server.ts";
import { isFictional } from "#app/domain/fictional-numbers.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { shownDate } from "#app/http/shown-time.server.ts";

/**
 * A company's number as its pages show it. Made on the server: the numbering plans are too much for
 * a browser.
 */
export interface ShownNumber {
  /** E.164 */
  phoneNumber: string;
  /** `+353 86 123 4567` */
  shown: string;
  /** RFC 3339, UTC */
  assignedAt: string;
  /** `22 November 2026`, in the company's zone */
  since: string;
  /** whether it is for demonstrations, so that no call can come in */
  demo: boolean;
}

/** The company's number, or null if it has none. */
export function shownNumberOf({ phoneNumber, assignedAt, timeZone }: Company): ShownNumber | null {
  if (phoneNumber === null || assignedAt === null) return null;
  return {
    phoneNumber,
    shown: formatPhoneNumber(phoneNumber),
    assignedAt,
    since: shownDate(assignedAt, timeZone),
    demo: isFictional(phoneNumber),
  };
}
