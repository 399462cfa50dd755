import type { CallOutcome } from "#app/domain/calls.server.ts";

/** What a company sees of the outcomes of its calls; the others are the operator's. */
export const outcomeLabels = {
  answered: "Answered",
  message: "Message",
  missed: "Missed",
  busy: "Busy",
  failed: "Failed",
  "in-progress": "In progress",
} as const satisfies Record<Exclude<CallOutcome, "unmatched">, string>;

export type ShownOutcome = keyof typeof outcomeLabels;

/** The outcome that an address asks for; undefined, which is all of them, for one that there is not. */
export function askedOutcome(text: string | null): ShownOutcome | undefined {
  return text !== null && Object.hasOwn(outcomeLabels, text) ? (text as ShownOutcome) : undefined;
}

/** The address of a page of calls, or of the export at another `path`. */
export function callsAddress(
  outcome: ShownOutcome | null | undefined,
  cursor?: string,
  path = "/calls",
): string {
  const query = new URLSearchParams({
    ...(outcome && { outcome }),
    ...(cursor !== undefined && { cursor }),
  }).toString();
  return query === "" ? path : `${path}?${query}`;
}
