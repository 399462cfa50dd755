import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { formatPhoneNumber } from "../../app/domain/e164.ts";
import { CommandError } from "./command.ts";
import { SignedPosts, type ServerOptions } from "./signed-posts.ts";
import { readTwiml, tell, type Verb } from "./twiml.ts";

/** How a simulated call goes. */
export const scenarios = ["answered", "no-answer", "busy", "failed", "message", "hangup"] as const;
export type Scenario = (typeof scenarios)[number];

export interface CallOptions extends ServerOptions {
  to: string;
  from: string;
  scenario: Scenario;
  accountSid: string;
}

/** A request and its answer. */
export interface Step {
  /** the event that Twilio reports */
  event: string;
  path: string;
  fields: Record<string, string>;
  status: number;
  milliseconds: number;
  twiml: string;
  meaning: string;
}

const sid = (prefix: string) => prefix + randomBytes(16).toString("hex");

/**
 * A call as Twilio would make it: each request signed, each answer read and followed.
 */
export class SimulatedCall {
  private readonly callSid = sid("CA");
  private readonly startedAt = Date.now();
  private readonly steps: Step[] = [];
  private readonly server: SignedPosts;

  constructor(
    private readonly options: CallOptions,
    private readonly onStep: (step: Step) => void,
  ) {
    this.server = new SignedPosts(options);
  }

  document(): Record<string, unknown> {
    const { to, from, scenario } = this.options;
    return { call_sid: this.callSid, from, to, scenario, steps: this.steps };
  }

  /** Whether the server said that no company has the number. */
  get isNobodys(): boolean {
    return this.steps.some(({ meaning }) => meaning.includes("This number is not in service."));
  }

  async walk(): Promise<void> {
    let verbs = await this.callIn();
    const { scenario } = this.options;
    const [dial, connect] = [find(verbs, "Dial"), find(verbs, "Connect")];
    if (dial) verbs = await this.ring(dial);
    else if (connect) verbs = await this.stream(connect);
    else if (scenario !== "message" && scenario !== "hangup") {
      await this.hangUp();
      throw new CommandError(
        `The scenario “${scenario}” cannot be walked: this call rings nobody. The company's Call handling, in Settings, says what rings.`,
      );
    }
    const record = find(verbs, "Record");
    if (record && scenario === "message") await this.leaveMessage(record);
    await this.hangUp();
    if (!record && scenario === "message") {
      throw new CommandError("The caller was not asked for a message.");
    }
  }

  /** Follows redirects, as Twilio does. */
  private async callIn(): Promise<Verb[]> {
    const { from, to } = this.options;
    const fields = this.voiceFields("ringing");
    let verbs = await this.send(
      `${formatPhoneNumber(from)} calls ${formatPhoneNumber(to)}`,
      "/twilio/voice",
      fields,
    );
    for (let again = 0; again < 5; again++) {
      const redirect = find(verbs, "Redirect");
      if (!redirect) break;
      const seconds = find(verbs, "Pause")?.attributes["length"] ?? 0;
      await setTimeout(Number(seconds) * 1_000);
      verbs = await this.send("Twilio asks again", redirect.text, fields);
    }
    return verbs;
  }

  private ring(dial: Verb): Promise<Verb[]> {
    const [event, result] = (
      {
        answered: ["Somebody picks up, talks, and hangs up", "completed"],
        "no-answer": ["Nobody picks up", "no-answer"],
        message: ["Nobody picks up", "no-answer"],
        busy: ["The line is busy", "busy"],
        failed: ["The phone cannot be reached", "failed"],
        hangup: ["The caller hangs up before anybody picks up", "canceled"],
      } as const
    )[this.options.scenario];
    return this.send(event, dial.attributes["action"], {
      ...this.voiceFields(result === "canceled" ? "completed" : "in-progress"),
      DialCallSid: sid("CA"),
      DialCallStatus: result,
      ...(result === "completed" && { DialCallDuration: "1" }),
    });
  }

  private async stream(connect: Verb): Promise<Verb[]> {
    const { scenario } = this.options;
    const works = scenario === "answered" || scenario === "hangup";
    await this.send(
      works ? "The voice agent answers" : "The voice agent cannot be reached",
      connect.children[0]?.attributes["statusCallback"],
      {
        AccountSid: this.options.accountSid,
        CallSid: this.callSid,
        StreamSid: sid("MZ"),
        StreamEvent: works ? "stream-started" : "stream-error",
        Timestamp: new Date().toISOString(),
      },
    );
    return this.send(
      "The media stream ends",
      connect.attributes["action"],
      this.voiceFields(scenario === "hangup" ? "completed" : "in-progress"),
    );
  }

  private async leaveMessage(record: Verb): Promise<void> {
    const { accountSid } = this.options;
    const recordingSid = sid("RE");
    const recording = {
      RecordingSid: recordingSid,
      RecordingUrl: `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Recordings/${recordingSid}`,
      RecordingDuration: "7",
    };
    await this.send("The caller leaves a message", record.attributes["action"], {
      ...this.voiceFields("in-progress"),
      ...recording,
      Digits: "#",
    });
    await this.send("The recording is ready", record.attributes["recordingStatusCallback"], {
      AccountSid: accountSid,
      CallSid: this.callSid,
      ...recording,
      RecordingStatus: "completed",
      RecordingSource: "RecordVerb",
    });
  }

  private async hangUp(): Promise<void> {
    const seconds = Math.ceil((Date.now() - this.startedAt) / 1000);
    await this.send("The call is over", "/twilio/voice/status", {
      ...this.voiceFields("completed"),
      CallDuration: String(seconds),
      CallbackSource: "call-progress-events",
      SequenceNumber: "0",
      Timestamp: new Date().toUTCString().replace("GMT", "+0000"),
    });
  }

  // Twilio's documentation, "TwiML for Programmable Voice", request parameters.
  private voiceFields(status: string): Record<string, string> {
    const { from, to, accountSid } = this.options;
    return {
      AccountSid: accountSid,
      ApiVersion: "2010-04-01",
      CallSid: this.callSid,
      CallStatus: status,
      Called: to,
      Caller: from,
      Direction: "inbound",
      From: from,
      To: to,
    };
  }

  /** @param address a path, or an address from the TwiML */
  private async send(
    event: string,
    address: string | undefined,
    fields: Record<string, string>,
  ): Promise<Verb[]> {
    if (address === undefined || !URL.canParse(address, this.options.url)) {
      throw new CommandError(`${event}, and the TwiML names no address to ask what then.`);
    }
    const { pathname, search } = new URL(address, this.options.url);
    const path = pathname + search;
    const began = performance.now();
    const response = await this.server.post(path, fields);
    const twiml = await response.text();
    const milliseconds = Math.round(performance.now() - began);
    const type = response.headers.get("Content-Type") ?? "";
    if (!/^(text|application)\/xml\b/.test(type)) {
      throw new CommandError(
        `POST ${path} answered with “${type}”; Twilio takes text/xml only (12300).`,
      );
    }
    try {
      const verbs = readTwiml(twiml);
      const { status } = response;
      const step = { event, path, fields, status, milliseconds, twiml, meaning: tell(verbs) };
      this.steps.push(step);
      this.onStep(step);
      return verbs;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new CommandError(
        `POST ${path} answered with what is no TwiML (12100): ${error.message}.`,
      );
    }
  }
}

function find(verbs: readonly Verb[], name: string): Verb | undefined {
  return verbs.find((verb) => verb.name === name);
}
