import { environment } from "#app/env.server.ts";
import type { Letter } from "#app/mail/letters.server.ts";

/** Mail about calls that nobody took, and about a number that nobody calls. */

/** A call to tell of. */
export interface ToldCall {
  /** who called, in words or as a number; nothing that the caller has made up */
  from: string;
  /** RFC 3339, UTC */
  startedAt: string;
  /** seconds of the message, null if there is none */
  message: number | null;
}

const what = ({ message }: ToldCall) =>
  message === null ? "Missed call" : message > 0 ? `Message of ${message} s` : "Message";

/** @param stop the address that stops these mails @param timeZone the company's */
export function callsLetter(calls: readonly ToldCall[], timeZone: string, stop: string): Letter {
  const format = new Intl.DateTimeFormat("en-GB", {
    dateStyle: "medium",
    timeStyle: "short",
    timeZone,
  });
  const lines = calls.map(
    (call) => `${format.format(new Date(call.startedAt))}: ${what(call)}, from ${call.from}`,
  );
  const [first] = calls;
  return {
    subject:
      calls.length === 1 && first
        ? `${first.message === null ? "Missed call" : "Message"} from ${first.from}`
        : `${calls.length} calls that nobody took`,
    text: `${lines.join("\n")}

Times are in ${timeZone}. Call back, and hear messages:

${environment().PUBLIC_URL}/calls

-- 
No more of these mails: ${stop}
`,
    stop,
  };
}

/** @param link the address that confirms */
export const confirmToldLetter = (link: string): Letter => ({
  subject: "Confirm that you want mail of missed calls",
  text: `A company that uses ${environment().PUBLIC_URL} wants to tell this address of missed calls and messages.

If you want that, confirm it here:

${link}

If not, there is nothing to do: nothing else is sent.
`,
});

/** @param phoneNumber with its spaces */
export const idleLetter = (phoneNumber: string, days: number): Letter => ({
  subject: "Ring your number once",
  text: `Nobody has called ${phoneNumber} for ${days} days or more. Telephone companies may take back numbers that are not in use: call it from any phone, and stay on the line for a quarter of a minute.

-- 
${environment().PUBLIC_URL}
`,
});
