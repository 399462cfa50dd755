import { database, reading } from "#app/db.server.ts";
import { isDatabaseUnavailable } from "#app/domain/database-errors.server.ts";
import { findMessage, markHeard, type Message } from "#app/domain/messages.server.ts";
import { log } from "#app/log/log.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";
import { hasRecordingsAccount, openRecording } from "#app/twilio/recordings.server.ts";

/**
 * A message's sound on its way from Twilio to its company, and what to say if it does not arrive.
 */

/** Why there is no sound; `error` is a sentence for people. */
export interface NoSound {
  status: 404 | 410 | 416 | 503;
  error: string;
  headers: Record<string, string>;
}

/** The sound, not read yet; `headers` are its type, length and range. */
export interface Sound {
  status: 200 | 206;
  message: Message;
  headers: Record<string, string>;
  body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** Milliseconds during which a recording may not be ready yet. */
const gettingReady = 15 * 60 * 1000;

const noSound = (
  status: NoSound["status"],
  error: string,
  headers: Record<string, string> = {},
): NoSound => ({ status, error, headers });

/**
 * Opens the message of one of a company's calls, or the part that the request's `Range` asks for.
 */
export async function soundOf(
  { request, context }: Asked,
  companyId: number,
  callSid: string,
): Promise<Sound | NoSound> {
  const message = await findMessage(reading(), companyId, callSid);
  if (!message) return noSound(404, "There is no such message.");
  if (message.state === "deleted") return noSound(410, "This message was deleted.");
  if (message.recordingSid === null) {
    return noSound(410, "This message is from before messages could be played here.");
  }
  const later = { "Retry-After": "60" };
  if (!hasRecordingsAccount()) {
    return noSound(503, "This server cannot fetch messages yet: it has no account to do it with.");
  }
  const range = request.headers.get("Range");
  const opened = await openRecording(message.recordingSid, range, request.signal);
  switch (opened.outcome) {
    case "open":
      return { ...opened, message };
    case "no-such-range":
      return noSound(416, "The message has no such part.", opened.headers);
    case "not-there":
      return Date.now() - Date.parse(message.startedAt) < gettingReady
        ? noSound(404, "The message is not ready yet. Try again in a minute.", later)
        : noSound(410, "The telephone company does not have this message any more.");
    case "unavailable": {
      const { requestId } = exchangeOf(context);
      log.warn({ requestId, callSid }, `a message could not be fetched: Twilio ${opened.why}`);
      return noSound(503, "The message can't be fetched right now. Try again in a minute.", later);
    }
  }
}

/** Sends the sound a piece at a time, each when the client has taken those before it. */
export function sendSound(
  { status, headers, body }: Sound,
  more: Record<string, string> = {},
): Response {
  return new Response(body, {
    status,
    headers: {
      ...headers,
      "Accept-Ranges": "bytes",
      "Cache-Control": "no-store, no-transform",
      ...more,
    },
  });
}

/** Records that somebody has listened to the message, unless the database takes no writes now. */
export async function noteHeard(companyId: number, callSid: string): Promise<void> {
  try {
    await markHeard(database(), companyId, callSid);
  } catch (error) {
    if (!isDatabaseUnavailable(error)) throw error;
  }
}
