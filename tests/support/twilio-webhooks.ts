import { XMLParser, XMLValidator } from "fast-xml-parser";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { closeDatabase } from "#app/db.server.ts";
import { forgetEnvironment } from "#app/env.server.ts";
import { log } from "#app/log/log.server.ts";
import { action as dialResult } from "#app/routes/twilio.voice_.dial-result.ts";
import { action as fallback } from "#app/routes/twilio.voice_.fallback.ts";
import { action as recording } from "#app/routes/twilio.voice_.recording.ts";
import { action as status } from "#app/routes/twilio.voice_.status.ts";
import { action as voice } from "#app/routes/twilio.voice.ts";
import { newCallSid } from "./calls.ts";
import { cleanUpLater } from "./clean-up.ts";

export const publicUrl = "https://numbers.example.com";
export const authToken = "a-token-that-only-tests-know";
export const accountSid = `AC${"5".repeat(32)}`;

const twilioRoutes = {
  "/twilio/voice": voice,
  "/twilio/voice/fallback": fallback,
  "/twilio/voice/status": status,
  "/twilio/voice/dial-result": dialResult,
  "/twilio/voice/recording": recording,
} as const;
type Path = keyof typeof twilioRoutes;

/**
 * Sets variables of this process until the running test, or file, is over; the app's log is silent
 * meanwhile.
 */
export function useEnvironment(variables: Record<string, string>): void {
  const before = Object.keys(variables).map((name) => [name, process.env[name] ?? ""] as const);
  const { level } = log;
  log.level = "silent";
  Object.assign(process.env, variables);
  forgetEnvironment();
  cleanUpLater(async () => {
    await closeDatabase();
    log.level = level;
    Object.assign(process.env, Object.fromEntries(before));
    forgetEnvironment();
  });
}

/** An environment in which Twilio's webhooks work on this database. */
export function useTwilio(databaseUrl: string): void {
  useEnvironment({
    DATABASE_URL: databaseUrl,
    PUBLIC_URL: publicUrl,
    TWILIO_AUTH_TOKEN: authToken,
    TWILIO_ACCOUNT_SID: accountSid,
  });
}

export interface Signing {
  token?: string;
  /** what is signed instead of the address */
  address?: string;
  headers?: Record<string, string>;
}

/**
 * What Twilio would send: addressed to the server behind its proxy, but signed for the public
 * address.
 */
export function signedRequest(
  path: string,
  fields: Record<string, string>,
  { token = authToken, address = publicUrl + path, headers = {} }: Signing = {},
): Request {
  const signature = getExpectedTwilioSignature(token, address, fields);
  return new Request(`http://10.0.0.7:3000${path}`, {
    method: "POST",
    headers: { "X-Twilio-Signature": signature, ...headers },
    body: new URLSearchParams(fields),
  });
}

/** A server's variables for the webhooks that {@link sendSigned} sends. */
export const twilioVariables = { TWILIO_AUTH_TOKEN: authToken, TWILIO_ACCOUNT_SID: accountSid };

/** Sends what Twilio would send to a server whose PUBLIC_URL is its own `url`. */
export function sendSigned(
  url: string,
  path: string,
  fields: Record<string, string>,
): Promise<Response> {
  const { method, headers } = signedRequest(path, fields, { address: url + path });
  return fetch(url + path, { method, headers, body: new URLSearchParams(fields) });
}

/** Calls a webhook's action directly. */
export function act(path: string, request: Request): Promise<Response> {
  const action = twilioRoutes[path.split("?")[0] as Path];
  return action({ request, params: {}, context: {} });
}

/** A TwiML verb. */
export interface TwimlVerb {
  name: string;
  text: string;
  attributes: Record<string, string>;
  children: TwimlVerb[];
}

interface ParsedNode {
  [name: string]: ParsedNode[] | Record<string, string> | string;
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  trimValues: false,
});

/** @throws if it is not well-formed, or not TwiML */
export function parseTwiml(xml: string): TwimlVerb[] {
  const valid = XMLValidator.validate(xml);
  if (valid !== true) throw new Error(`${valid.err.msg} in ${xml}`);
  const nodes = (parser.parse(xml) as ParsedNode[]).filter((node) => !("?xml" in node));
  const [response] = verbsOf(nodes);
  if (nodes.length !== 1 || response?.name !== "Response") {
    throw new Error(`no TwiML: ${xml}`);
  }
  return response.children;
}

function verbsOf(nodes: ParsedNode[]): TwimlVerb[] {
  return nodes.flatMap((node) =>
    Object.entries(node)
      .filter(([name]) => name !== ":@" && name !== "#text")
      .map(([name, content]) => ({
        name,
        text: (content as ParsedNode[]).map((child) => (child["#text"] ?? "") as string).join(""),
        attributes: (node[":@"] ?? {}) as Record<string, string>,
        children: verbsOf(content as ParsedNode[]),
      })),
  );
}

/** The verbs of an answer that Twilio would accept: 200, XML, and nothing before it. */
export async function verbsFrom(response: Response): Promise<TwimlVerb[]> {
  const text = await response.text();
  const type = response.headers.get("Content-Type");
  if (response.status !== 200 || type !== "text/xml; charset=utf-8" || !text.startsWith("<?xml")) {
    throw new Error(`Twilio takes no ${response.status} ${type}: ${text}`);
  }
  return parseTwiml(text);
}

/** The verbs as `Name` or `Name text`, for an overview. */
export function outline(verbs: TwimlVerb[]): string[] {
  return verbs.map(({ name, text }) => `${name} ${text}`.trim());
}

/** An incoming call, as Twilio reports it; addresses are those that its TwiML names, or paths. */
export class IncomingCall {
  readonly callSid = newCallSid();
  constructor(
    readonly to: string,
    readonly from = "+353871112222",
  ) {}

  /** What Twilio says about the call in every request except those about recordings and streams. */
  fields(status: string): Record<string, string> {
    return { ...this.sid(), From: this.from, To: this.to, CallStatus: status };
  }

  private sid(): Record<string, string> {
    return { AccountSid: accountSid, CallSid: this.callSid };
  }

  request(address: string, fields: Record<string, string> = this.fields("ringing")): Request {
    return signedRequest(address.replace(publicUrl, ""), fields);
  }

  send(address: string, fields?: Record<string, string>): Promise<Response> {
    return act(address.replace(publicUrl, ""), this.request(address, fields));
  }

  async comes(): Promise<TwimlVerb[]> {
    return verbsFrom(await this.send("/twilio/voice"));
  }

  /** <Dial> has ended. */
  async dialled(
    dial: TwimlVerb | undefined,
    result: string,
    more: Record<string, string> = {},
  ): Promise<TwimlVerb[]> {
    const status = result === "canceled" ? "completed" : "in-progress";
    const fields = { ...this.fields(status), DialCallStatus: result, ...more };
    return verbsFrom(await this.send(dial?.attributes["action"] ?? "", fields));
  }

  async streams(
    connect: TwimlVerb | undefined,
    event: "stream-started" | "stream-error",
  ): Promise<void> {
    const address = connect?.children[0]?.attributes["statusCallback"] ?? "";
    const fields = { ...this.sid(), StreamEvent: event };
    await verbsFrom(await this.send(address, fields));
  }

  /** The caller leaves a message of seven seconds, and then its recording is ready. */
  async leavesMessage(record: TwimlVerb | undefined): Promise<TwimlVerb[]> {
    const recording = {
      RecordingUrl: recordingUrl,
      RecordingSid: recordingUrl.slice(-34),
      RecordingDuration: "7",
    };
    const { action = "", recordingStatusCallback = "" } = record?.attributes ?? {};
    const thanks = await verbsFrom(
      await this.send(action, { ...this.fields("in-progress"), ...recording }),
    );
    await verbsFrom(
      await this.send(recordingStatusCallback, {
        ...this.sid(),
        ...recording,
        RecordingStatus: "completed",
      }),
    );
    return thanks;
  }

  async ends(status = "completed", seconds = 9): Promise<void> {
    const fields = { ...this.fields(status), CallDuration: String(seconds) };
    await verbsFrom(await this.send("/twilio/voice/status", fields));
  }
}

export const recordingUrl = `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Recordings/RE${"e".repeat(32)}`;
