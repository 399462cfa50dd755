import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { sendFile, simulatedSound } from "../../scripts/terminal/simulated-recordings.ts";
import { cleanUpLater } from "./clean-up.ts";

/** A number as Twilio's REST API gives it; only the fields that matter here. */
export interface ListedNumber {
  sid: string;
  phone_number: string;
  capabilities: { voice: boolean; sms: boolean; mms: boolean; fax: boolean };
  trunk_sid: string | null;
  voice_application_sid: string;
  voice_url: string;
  voice_method: string;
  voice_fallback_url: string | null;
  voice_fallback_method: string;
  status_callback: string;
  status_callback_method: string;
  [other: string]: unknown;
}

/** An answer instead of the usual one. */
export interface Fault {
  /** HTTP status; 0 cuts the connection without an answer */
  status: number;
  /** how many requests get it; by default 1 */
  times?: number;
  /** `Retry-After`, in seconds or as a date */
  retryAfter?: string;
  /** Twilio's error code */
  code?: number;
  message?: string;
  /** a body that is not Twilio's */
  body?: string;
  /** milliseconds until the answer */
  after?: number;
  /** only requests for which this is true; by default all */
  for?: (request: ReceivedRequest) => boolean;
}

export interface ReceivedRequest {
  method: string;
  /** with the query */
  path: string;
  /** what was posted */
  form: Record<string, string>;
  /** the number being updated */
  phoneNumber: string | undefined;
}

/**
 * A server with the few calls of Twilio's REST API (2010-04-01) that the operators' scripts make.
 */
export interface TwilioApi {
  url: string;
  accountSid: string;
  authToken: string;
  /** TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_API_BASE_URL */
  environment: Record<string, string>;
  /** every request since the start */
  requests: ReceivedRequest[];
  /** The updates among them. */
  updates(): ReceivedRequest[];
  /** Makes the account buy `phoneNumber`, with the settings that Twilio gives a new number. */
  buy(phoneNumber: string, fields?: Partial<ListedNumber>): ListedNumber;
  /** Takes a number from the account. */
  reclaim(phoneNumber: string): void;
  /** The account's number. */
  find(phoneNumber: string): ListedNumber;
  /** SIDs of the account's recordings. */
  recordings: Set<string>;
  /** the sound of each of them */
  sound: Sound;
  /** Makes requests fail; of several faults, the first that fits is used first. */
  fail(fault: Fault): void;
}

export interface Sound {
  file: Buffer;
  type: string;
  /** bytes after which the connection is cut */
  cutAfter?: number | undefined;
  /** bytes that have left for the latest client, not counting those waiting in buffers */
  sent: () => number;
}

const mostAPage = 1_000;

/**
 * Starts the server; it stops when the test, or the file that started it in a `beforeAll`, is over.
 */
export async function startTwilioApi(): Promise<TwilioApi> {
  const accountSid = `AC${randomBytes(16).toString("hex")}`;
  const authToken = randomBytes(16).toString("hex");
  const collection = `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers`;
  const credentials = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
  let numbers: ListedNumber[] = [];
  let faults: (Fault & { left: number })[] = [];
  const requests: ReceivedRequest[] = [];
  const recordings = new Set<string>();
  const sound: Sound = { file: simulatedSound(1), type: "audio/wav", sent: () => 0 };

  function play(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = response;
    const before = socket?.bytesWritten ?? 0;
    sound.sent = () => (socket?.bytesWritten ?? 0) - before - (socket?.writableLength ?? 0);
    // Must not be passed on: what else Twilio says is nobody's business.
    response.setHeader("Twilio-Request-Id", "RQ1");
    response.setHeader("Set-Cookie", "twilio=1");
    if (sound.cutAfter === undefined) return sendFile(request, response, sound.file, sound.type);
    response.writeHead(200, { "Content-Type": sound.type, "Content-Length": sound.file.length });
    response.write(sound.file.subarray(0, sound.cutAfter), () => response.destroy());
  }

  function list(query: URLSearchParams) {
    const size = Math.min(Number(query.get("PageSize") ?? 50), mostAPage);
    const token = query.get("PageToken");
    const start = token ? numbers.findIndex(({ sid }) => `PA${sid}` === token) + 1 : 0;
    const page = numbers.slice(start, start + size);
    const last = page.at(-1);
    const number = Number(query.get("Page") ?? 0);
    return {
      end: start + page.length - 1,
      first_page_uri: `${collection}.json?PageSize=${size}&Page=0`,
      next_page_uri:
        last && start + page.length < numbers.length
          ? `${collection}.json?PageSize=${size}&Page=${number + 1}&PageToken=PA${last.sid}`
          : null,
      page: number,
      page_size: size,
      previous_page_uri: null,
      incoming_phone_numbers: page,
      start,
      uri: `${collection}.json?PageSize=${size}&Page=${number}`,
    };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://twilio.test");
    const form = Object.fromEntries(new URLSearchParams(await text(request)));
    const sid = url.pathname.match(/\/(PN[0-9a-f]{32})\.json$/)?.[1];
    const number = numbers.find((one) => one.sid === sid);
    const received: ReceivedRequest = {
      method: request.method ?? "",
      path: url.pathname + url.search,
      form,
      phoneNumber: number?.phone_number,
    };
    requests.push(received);

    const send = (status: number, body: object | string) => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(typeof body === "string" ? body : JSON.stringify(body));
    };
    const refuse = (status: number, code: number, message: string) =>
      send(status, {
        code,
        message,
        more_info: `https://www.twilio.com/docs/errors/${code}`,
        status,
      });

    const fault = faults.find((one) => one.for?.(received) ?? true);
    if (fault) {
      fault.left--;
      faults = faults.filter(({ left }) => left > 0);
      await setTimeout(fault.after ?? 0);
      if (fault.status === 0) return void response.destroy();
      if (fault.retryAfter !== undefined) {
        response.setHeader("Retry-After", fault.retryAfter);
      }
      if (fault.body !== undefined) return send(fault.status, fault.body);
      const code = fault.code ?? (fault.status === 429 ? 20429 : 20500);
      return refuse(fault.status, code, fault.message ?? "Something is wrong");
    }
    if (request.headers.authorization !== credentials) {
      return refuse(401, 20003, "Authenticate");
    }
    if (received.method === "GET" && url.pathname === `${collection}.json`) {
      return send(200, list(url.searchParams));
    }
    const played = url.pathname.match(/\/Recordings\/(RE[0-9a-f]{32})\.mp3$/)?.[1];
    if (received.method === "GET" && played && recordings.has(played)) {
      return play(request, response);
    }
    const recording = url.pathname.match(/\/Recordings\/(RE[0-9a-f]{32})\.json$/)?.[1];
    if (received.method === "DELETE" && recording && recordings.delete(recording)) {
      response.writeHead(204);
      return void response.end();
    }
    if (received.method !== "POST" || !number) {
      return refuse(404, 20404, `The requested resource ${url.pathname} was not found`);
    }
    for (const [name, value] of Object.entries(form)) {
      if (/(Url|Callback)$/.test(name) && value && !URL.canParse(value)) {
        return refuse(400, 21402, `${name} is not a valid URL`);
      }
      number[snakeCase(name)] = value;
    }
    return send(200, number);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.destroy(error as Error);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUpLater(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const api: TwilioApi = {
    url,
    accountSid,
    authToken,
    environment: {
      TWILIO_ACCOUNT_SID: accountSid,
      TWILIO_AUTH_TOKEN: authToken,
      TWILIO_API_BASE_URL: url,
    },
    requests,
    recordings,
    sound,
    updates: () => requests.filter(({ method }) => method === "POST"),
    buy(phoneNumber, fields) {
      const number = newNumber(accountSid, phoneNumber, fields);
      numbers.push(number);
      return number;
    },
    reclaim(phoneNumber) {
      numbers = numbers.filter((one) => one.phone_number !== phoneNumber);
    },
    find(phoneNumber) {
      const number = numbers.find((one) => one.phone_number === phoneNumber);
      if (!number) throw new Error(`The account has no ${phoneNumber}`);
      return number;
    },
    fail(fault) {
      faults.push({ ...fault, left: fault.times ?? 1 });
    },
  };
  return api;
}

const snakeCase = (name: string) =>
  name.replace(/[A-Z]/g, (letter, at: number) =>
    at === 0 ? letter.toLowerCase() : `_${letter.toLowerCase()}`,
  );

function newNumber(
  accountSid: string,
  phoneNumber: string,
  fields: Partial<ListedNumber> = {},
): ListedNumber {
  const sid = `PN${randomBytes(16).toString("hex")}`;
  return {
    account_sid: accountSid,
    address_requirements: "none",
    address_sid: null,
    api_version: "2010-04-01",
    beta: false,
    capabilities: { voice: true, sms: true, mms: false, fax: false },
    date_created: "Thu, 30 Jul 2015 23:19:04 +0000",
    date_updated: "Thu, 30 Jul 2015 23:19:04 +0000",
    friendly_name: phoneNumber,
    origin: "twilio",
    phone_number: phoneNumber,
    sid,
    sms_url: "",
    status: "in-use",
    status_callback: "",
    status_callback_method: "POST",
    trunk_sid: null,
    uri: `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers/${sid}.json`,
    voice_application_sid: "",
    voice_caller_id_lookup: false,
    voice_fallback_method: "POST",
    voice_fallback_url: null,
    voice_method: "POST",
    voice_url: "https://demo.twilio.com/welcome/voice/",
    ...fields,
  };
}
