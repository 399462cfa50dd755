import RequestClient from "twilio/lib/base/RequestClient.js";
import type Response from "twilio/lib/http/response.js";
import type { IncomingPhoneNumberInstance } from "twilio/lib/rest/api/v2010/account/incomingPhoneNumber.js";
import Twilio from "twilio/lib/rest/Twilio.js";
import { z } from "zod";
import { isE164 } from "#app/domain/e164.ts";
import type { VoiceSettings } from "#app/twilio/voice-settings.server.ts";

/**
 * The few REST calls to Twilio that operators need, with retries: a call that Twilio is too busy
 * for, or that got lost on the way, is made again after a while. Each can be made twice without
 * harm. Importing this loads the whole client, which is big: only scripts do, and only when they
 * need it. Sources: Twilio's docs "IncomingPhoneNumber resource" and "Error 20429: Too many
 * requests".
 */

/** A number that the account owns. */
export interface TwilioNumber {
  /** `PN` and 32 hex digits */
  sid: string;
  /** E.164 */
  phoneNumber: string;
  /** whether it takes calls, or only messages */
  voice: boolean;
  /**
   * the SID of a SIP trunk (`TK…`) or a TwiML App (`AP…`): with one, Twilio ignores the settings
   */
  handledBy: string | undefined;
  settings: VoiceSettings;
  /** Twilio demands an address or a bundle for it, and it has none */
  lacksAddress: boolean;
}

/** An entry of the account's list that cannot be read. */
export interface UnreadableEntry {
  /** its number, or its SID, or that it has neither */
  name: string;
  /** whether `name` is its number, E.164 */
  isNumber: boolean;
}

/**
 * A page of the account's list, up to 1,000 entries. Numbers coming or going shift the pages, so
 * one may be on two.
 */
export type ListedPage = readonly (TwilioNumber | UnreadableEntry)[];

/** Why a call to Twilio failed; `reason` is one line without a secret, as the end of a sentence. */
export interface TwilioFailure {
  ok: false;
  /**
   * `unavailable` may pass; `unauthorized` holds for every other call too; `refused` is about this
   * one
   */
  kind: "unauthorized" | "unavailable" | "refused";
  reason: string;
}

/** A Twilio account. No method throws because of Twilio or the network. */
export interface TwilioAccount {
  /**
   * Lists all numbers of the account.
   * @param onPage gets each page, and is awaited; what it throws is thrown
   */
  listNumbers(onPage: (page: ListedPage) => Promise<void>): Promise<{ ok: true } | TwilioFailure>;
  /** Changes these settings of a number, and no others. */
  updateNumber(
    sid: string,
    settings: Partial<VoiceSettings>,
  ): Promise<{ ok: true } | TwilioFailure>;
}

export interface AccountOptions {
  accountSid: string;
  authToken: string;
  /** origin of another server that speaks Twilio's REST API */
  apiBaseUrl?: string | undefined;
  /** is told before each wait of a call that is tried again: milliseconds, and why */
  onWait?: ((milliseconds: number, reason: string) => void) | undefined;
  patience?: Partial<Patience> | undefined;
}

/** How long a call may take; times in milliseconds. */
export interface Patience {
  attempts: number;
  /** doubles with each attempt; up to half of it is random */
  firstWait: number;
  /** a call that Twilio wants later than this (`Retry-After`) fails */
  longestWait: number;
  /** of one attempt */
  requestTimeout: number;
}

const usualPatience: Patience = {
  attempts: 5,
  firstWait: 500,
  longestWait: 60_000,
  requestTimeout: 15_000,
};

/** Opens the account, without asking Twilio anything yet. */
export function openTwilioAccount({
  accountSid,
  authToken,
  apiBaseUrl,
  onWait,
  patience,
}: AccountOptions): TwilioAccount {
  const client = new Twilio(accountSid, authToken, {
    httpClient: new PatientClient({ ...usualPatience, ...patience }, apiBaseUrl, onWait),
    // TWILIO_LOG_LEVEL=debug would print requests on stdout, among the data.
    logLevel: "none",
  });
  return {
    async listNumbers(onPage) {
      let ask: AskForPage = () => client.incomingPhoneNumbers.page({ pageSize: 1_000 });
      for (;;) {
        let read: { page: ListedPage; next: AskForPage } | undefined;
        try {
          read = await readPage(ask);
        } catch (error) {
          return failureOf(error);
        }
        if (!read) return { ok: true };
        await onPage(read.page);
        ask = read.next;
      }
    },
    async updateNumber(sid, settings) {
      try {
        await client.incomingPhoneNumbers(sid).update(settings);
        return { ok: true };
      } catch (error) {
        return failureOf(error);
      }
    },
  };
}

interface NumbersPage {
  instances: IncomingPhoneNumberInstance[];
  nextPage(): Promise<NumbersPage> | undefined;
}

type AskForPage = () => Promise<NumbersPage> | undefined;

async function readPage(ask: AskForPage) {
  const page = await ask();
  return page && { page: page.instances.map(toNumber), next: () => page.nextPage() };
}

/** What Twilio must say about a number; anything else may be missing. */
const readable = z.object({
  sid: z.string().min(1),
  phoneNumber: z.string().min(1),
  capabilities: z.object({ voice: z.boolean() }),
});

function toNumber(listed: IncomingPhoneNumberInstance): TwilioNumber | UnreadableEntry {
  if (!readable.safeParse(listed).success) {
    const { phoneNumber, sid } = listed as { phoneNumber?: unknown; sid?: unknown };
    if (typeof phoneNumber === "string" && isE164(phoneNumber)) {
      return { name: phoneNumber, isNumber: true };
    }
    const name = typeof sid === "string" && sid !== "" ? printable(sid) : "an entry without a SID";
    return { name, isNumber: false };
  }
  const demands = listed.addressRequirements ?? "none";
  return {
    lacksAddress: demands !== "none" && !listed.addressSid && !listed.bundleSid,
    sid: listed.sid,
    phoneNumber: listed.phoneNumber,
    voice: listed.capabilities.voice,
    handledBy: listed.trunkSid || listed.voiceApplicationSid || undefined,
    settings: {
      voiceUrl: listed.voiceUrl ?? "",
      voiceMethod: listed.voiceMethod ?? "",
      voiceFallbackUrl: listed.voiceFallbackUrl ?? "",
      voiceFallbackMethod: listed.voiceFallbackMethod ?? "",
      statusCallback: listed.statusCallback ?? "",
      statusCallbackMethod: listed.statusCallbackMethod ?? "",
    },
  };
}

/** Twilio's HTTP client, with patience and, for tests, another address than Twilio's. */
class PatientClient extends RequestClient {
  constructor(
    private readonly patience: Patience,
    private readonly apiBaseUrl: string | undefined,
    private readonly onWait: AccountOptions["onWait"],
  ) {
    super({ timeout: patience.requestTimeout });
  }

  override async request<TData>(
    options: RequestClient.RequestOptions<TData>,
  ): Promise<Response<TData>> {
    const { pathname, search } = new URL(options.uri);
    const uri = this.apiBaseUrl ? `${this.apiBaseUrl}${pathname}${search}` : options.uri;
    const { attempts, firstWait, longestWait } = this.patience;
    for (let attempt = 1; ; attempt++) {
      const backOff = firstWait * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
      let wait = backOff;
      let reason: string;
      try {
        const response = await super.request({ ...options, uri });
        if (!mayPass(response.statusCode)) return response;
        const asked = retryAfter(response.headers);
        wait = Math.max(asked ?? backOff, Math.min(backOff, 100));
        if (attempt === attempts || wait > longestWait) return response;
        ({ reason } = failureOf({ status: response.statusCode }));
      } catch (error) {
        if (attempt === attempts) throw error;
        ({ reason } = failureOf(error));
      }
      this.onWait?.(wait, reason);
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

const mayPass = (status: number) => status === 429 || status >= 500;

/** Milliseconds that a `Retry-After` (RFC 9110, 10.2.3: seconds, or a date) asks to wait. */
function retryAfter(headers: unknown): number | undefined {
  const value = (headers as Record<string, unknown> | undefined)?.["retry-after"];
  if (typeof value !== "string") return undefined;
  const milliseconds = /^\d+$/.test(value.trim())
    ? Number(value) * 1000
    : Date.parse(value) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

/**
 * Reads only these fields of an error of Twilio's client: its other parts may hold the request with
 * its token.
 */
function failureOf(error: unknown): TwilioFailure {
  const { status, code, message } = error as Record<string, unknown>;
  const failure = (kind: TwilioFailure["kind"], reason: string) =>
    ({ ok: false, kind, reason }) as const;
  if (typeof status !== "number") {
    // Network errors have a code (`ECONNREFUSED`); an answer that is not Twilio's has none.
    if (typeof code !== "string") return failure("unavailable", "Twilio's answer cannot be read");
    const why = code === "ECONNABORTED" ? "no answer in time" : code;
    return failure("unavailable", `Twilio cannot be reached (${why})`);
  }
  const answer = `HTTP ${status}${typeof code === "number" ? `, Twilio's error ${code}` : ""}`;
  if (status === 401) {
    return failure(
      "unauthorized",
      `Twilio refuses TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN (${answer})`,
    );
  }
  if (mayPass(status)) {
    const state = status === 429 ? "too busy" : "out of order";
    return failure("unavailable", `Twilio is ${state} (${answer})`);
  }
  const said = typeof message === "string" ? `: ${printable(message)}` : "";
  return failure("refused", `${answer}${said}`);
}

const printable = (text: string) =>
  text
    .replace(/[\p{C}\s]+/gu, " ")
    .trim()
    .slice(0, 300);
