import Bowser from "bowser";
import type { ListedSession } from "#app/domain/own-sessions.server.ts";
import { withoutForgingMarks } from "#app/domain/written-text.ts";
import { shownTime, type ShownTime } from "#app/http/shown-time.server.ts";

/** A session as its company's page shows it. */
export interface ShownSession {
  ref: string;
  /** `Firefox on Linux` */
  device: string;
  address: string | null;
  begun: ShownTime;
  seen: ShownTime;
  own: boolean;
}

/** @param timeZone the company's */
export function shownSession(session: ListedSession, timeZone: string): ShownSession {
  return {
    ref: session.ref,
    device: shownDevice(session.userAgent),
    address: session.address,
    begun: shownTime(session.begunAt, timeZone),
    seen: shownTime(session.seenAt, timeZone),
    own: session.own,
  };
}

/** What a browser calls itself, for people: `Safari on iOS`, `curl/8.5.0`. */
function shownDevice(userAgent: string | null): string {
  if (userAgent === null || userAgent.trim() === "") return "Unknown browser";
  const { browser, os } = Bowser.parse(userAgent);
  // It may call itself anything.
  const name = browser.name ?? "";
  if (name === "") return withoutForgingMarks(userAgent.trim().split(/\s/)[0]!).slice(0, 40);
  return os.name ? `${name} on ${os.name}` : name;
}
