import { environment } from "#app/env.server.ts";

/** Recordings at Twilio. Source: Twilio's documentation, "Recordings resource". */

/**
 * The outcome of {@link deleteRecording}; `why` is the end of a sentence that begins with "Twilio",
 * without a secret.
 */
export type RecordingDeletion =
  | { outcome: "deleted" }
  /** about this recording alone */
  | { outcome: "refused"; why: string }
  /** any other would fare no better now */
  | { outcome: "unavailable"; why: string };

/** Milliseconds. */
const longestWait = 15_000;

/** Whether the environment names the account that recordings are in. */
export function hasRecordingsAccount(): boolean {
  const { TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN } = environment();
  return TWILIO_ACCOUNT_SID !== undefined && TWILIO_AUTH_TOKEN !== undefined;
}

/** A recording's address, as JSON or as sound, and what opens it. */
function recordingAt(recordingSid: string, as: "json" | "mp3") {
  const {
    TWILIO_ACCOUNT_SID = "",
    TWILIO_AUTH_TOKEN = "",
    TWILIO_API_BASE_URL = "https://api.twilio.com",
  } = environment();
  const path = `/2010-04-01/Accounts/${TWILIO_ACCOUNT_SID}/Recordings/${recordingSid}.${as}`;
  const credentials = Buffer.from(`${TWILIO_ACCOUNT_SID}:${TWILIO_AUTH_TOKEN}`).toString("base64");
  return {
    url: new URL(path, TWILIO_API_BASE_URL),
    headers: { Authorization: `Basic ${credentials}` },
  };
}

const refusesUs = "refuses TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN";

/** Deletes a recording, or finds that Twilio no longer has it. Never throws. */
export async function deleteRecording(
  recordingSid: string,
  signal: AbortSignal,
): Promise<RecordingDeletion> {
  const { url, headers } = recordingAt(recordingSid, "json");
  let status: number;
  try {
    const answer = await fetch(url, {
      method: "DELETE",
      headers,
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(longestWait)]),
    });
    ({ status } = answer);
    await answer.body?.cancel();
  } catch {
    return { outcome: "unavailable", why: "cannot be reached" };
  }
  if (status === 204 || status === 200 || status === 404) return { outcome: "deleted" };
  if (status === 401) return { outcome: "unavailable", why: refusesUs };
  const why = `answered HTTP ${status}`;
  return { outcome: status === 429 || status >= 500 ? "unavailable" : "refused", why };
}

/**
 * The outcome of {@link openRecording}; `why` is the end of a sentence that begins with "Twilio",
 * without a secret.
 */
export type OpenedRecording =
  /** `headers` are its type, length and range, and none of Twilio's others */
  | { outcome: "open"; status: 200 | 206; headers: Record<string, string>; body: RecordingBody }
  | { outcome: "no-such-range"; headers: Record<string, string> }
  /** not there yet, or no longer */
  | { outcome: "not-there" }
  | { outcome: "unavailable"; why: string };

type RecordingBody = ReadableStream<Uint8Array<ArrayBuffer>>;

const passedOn = ["Content-Type", "Content-Length", "Content-Range"];

/**
 * Opens a recording's sound, to be read at the reader's pace. Never throws; the body may break off.
 * @param range of bytes, as `Range` has it; what is not one range of bytes is left out
 * @param signal ends it at any time; Twilio has 15 seconds to begin
 */
export async function openRecording(
  recordingSid: string,
  range: string | null,
  signal: AbortSignal,
): Promise<OpenedRecording> {
  const { url, headers } = recordingAt(recordingSid, "mp3");
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), longestWait);
  let answer: Response;
  try {
    answer = await fetch(url, {
      headers: {
        ...headers,
        "Accept-Encoding": "identity",
        ...(/^bytes=(\d+-\d*|-\d+)$/.test(range ?? "") && { Range: range! }),
      },
      signal: AbortSignal.any([signal, late.signal]),
    });
  } catch {
    const why = late.signal.aborted ? "did not answer in time" : "cannot be reached";
    return { outcome: "unavailable", why };
  } finally {
    clearTimeout(timer);
  }
  const { status, body } = answer;
  const kept = Object.fromEntries(
    passedOn.flatMap((name) => {
      const value = answer.headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
  if ((status === 200 || status === 206) && body && isSound(answer)) {
    return { outcome: "open", status, headers: kept, body };
  }
  await body?.cancel().catch(() => {});
  if (status === 404) return { outcome: "not-there" };
  if (status === 416) {
    const { "Content-Range": size } = kept;
    return { outcome: "no-such-range", headers: size ? { "Content-Range": size } : {} };
  }
  if (status === 401) return { outcome: "unavailable", why: refusesUs };
  const what = status < 300 ? "with what is no sound" : `HTTP ${status}`;
  return { outcome: "unavailable", why: `answered ${what}` };
}

function isSound({ headers }: Response): boolean {
  const isPlain = (headers.get("Content-Encoding") ?? "identity") === "identity";
  return isPlain && /^audio\/[\w.+-]+$/.test(headers.get("Content-Type") ?? "");
}
