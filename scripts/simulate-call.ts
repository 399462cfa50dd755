import { closeDatabase, reading } from "../app/db.server.ts";
import { findCalledCompany } from "../app/domain/call-handling.server.ts";
import { asStored, formatPhoneNumber, parseE164 } from "../app/domain/e164.ts";
import { environment } from "../app/env.server.ts";
import {
  CommandError,
  missingDatabase,
  printJson,
  runCommand,
  UsageError,
  type Arguments,
} from "./terminal/command.ts";
import {
  scenarios,
  SimulatedCall,
  type CallOptions,
  type Step,
} from "./terminal/simulated-call.ts";
import { isOnThisMachine, serveRecordings } from "./terminal/simulated-recordings.ts";
import { layOut } from "./terminal/twiml.ts";

/** Where a message's recording is being served. */
let servedAt: string | undefined;

await runCommand(
  {
    name: "npm run call --",
    summary:
      "Calls a number without a telephone: signs and sends what Twilio would send, prints the TwiML and what it means. The call is in the log like any other.",
    stopped: (args) =>
      servedAt !== undefined
        ? "The call is in the log; its recording is not served any more."
        : args.has("json")
          ? "The steps up to here are in the call log, the rest was not sent."
          : "The steps that were printed are in the call log, and the next may be; the rest was not sent.",
    positionals: "NUMBER",
    examples: [
      ["+353861234567", "calls, and hangs up"],
      [
        "+353861234567 --scenario no-answer",
        "nobody picks up; also answered, busy, failed, message, hangup",
      ],
      [
        "+353861234567 --scenario message",
        "leaves a message, and serves its recording if TWILIO_API_BASE_URL is on this machine",
      ],
      [
        "'+353 86 123 4567' --from +353871112222 --url https://staging.example.com",
        "says who calls, and at which server",
      ],
    ],
    options: {
      from: {
        type: "string",
        value: "NUMBER",
        help: "who calls (+353 87 123 4567), or what else a caller may be: anonymous, sip:…",
      },
      scenario: {
        type: "string",
        value: "NAME",
        help: `how the call goes: ${scenarios.join(", ")}`,
      },
      url: {
        type: "string",
        value: "URL",
        help: "the server (PUBLIC_URL)",
      },
    },
  },
  async (args) => {
    const options = readArguments(args);
    await expectToRing(options);
    const call = new SimulatedCall(options, (step) => {
      if (!args.has("json")) process.stdout.write(stepText(step));
    });
    await call.walk();
    const recorded = args.get("scenario") === "message" && (await serveRecording());
    if (args.has("json")) {
      printJson(call.document());
    } else {
      process.stderr.write(
        call.isNobodys
          ? "Next: no company has this number, so no dashboard shows the call. “npm run numbers -- --list”\nsays who has which.\n"
          : "Next: the company's dashboard shows the call; --scenario walks it in other ways.\n",
      );
    }
    // The process runs on to serve the recording; Ctrl-C ends it.
    if (recorded) await new Promise(() => {});
    return 0;
  },
);

/** Serves the recording in Twilio's place, and says where. @returns whether it does */
async function serveRecording(): Promise<boolean> {
  const { TWILIO_API_BASE_URL } = environment();
  if (!TWILIO_API_BASE_URL || !isOnThisMachine(TWILIO_API_BASE_URL)) {
    process.stderr.write(
      "Twilio has no recording of it. For one that plays, set TWILIO_API_BASE_URL=http://127.0.0.1:4010 for the server and for this command.\n",
    );
    return false;
  }
  const isServed = await serveRecordings(TWILIO_API_BASE_URL, new AbortController().signal);
  process.stderr.write(
    isServed
      ? `The recording is served at ${TWILIO_API_BASE_URL} until Ctrl-C.\n`
      : `Something else is served at ${TWILIO_API_BASE_URL}; the recording is there if that is this command.\n`,
  );
  if (isServed) servedAt = TWILIO_API_BASE_URL;
  return isServed;
}

/**
 * Checked before a call that cannot go as requested gets into the log. Only for this
 * configuration's own server, since another one's database is not at hand.
 * @throws {CommandError} which says what to set
 */
async function expectToRing({ to, from, url, scenario }: CallOptions): Promise<void> {
  const isOwn = url === new URL(environment().PUBLIC_URL).origin;
  if (!isOwn || scenario === "message" || scenario === "hangup") return;
  if (missingDatabase() !== undefined) return;
  const called = await findCalledCompany(reading(), to, { from }).finally(closeDatabase);
  if (called && called.handling.mode !== "message") return;
  const shown = formatPhoneNumber(to);
  throw new CommandError(
    called
      ? `A call to ${shown} rings nobody: it takes a message. For “${scenario}” set Settings → Call handling to “Ring a phone” first, or try --scenario message. No call was logged.`
      : `${shown} is no company's number, so that a call rings nobody. Have a company choose it first. No call was logged.`,
  );
}

function readArguments(args: Arguments): CallOptions {
  // `+353 86 123 4567` without quotes arrives as four.
  const number = args.positionals.join(" ");
  if (number === "") {
    throw new UsageError("Say which number to call, like “npm run call -- +353861234567”.");
  }
  const to = asStored(number);
  if (to === undefined) {
    const parsed = parseE164(number);
    throw new UsageError(`“${number}” ${parsed.ok ? "" : parsed.reason}.`);
  }
  const wanted = args.get("scenario") ?? "hangup";
  const scenario = scenarios.find((name) => name === wanted);
  if (!scenario) {
    throw new UsageError(`There is no scenario “${wanted}”: choose from ${scenarios.join(", ")}.`);
  }
  const { PUBLIC_URL, TWILIO_AUTH_TOKEN, TWILIO_ACCOUNT_SID } = environment();
  const url = args.get("url") ?? PUBLIC_URL;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError(`--url must be an address like http://localhost:3000, not “${url}”.`);
  }
  if (!TWILIO_AUTH_TOKEN) {
    throw new CommandError(
      "TWILIO_AUTH_TOKEN is not set; for a try on this machine put TWILIO_AUTH_TOKEN=any-text into .env and start the server again, which needs the same one.",
    );
  }
  const from = args.get("from") ?? "+353871234567";
  const { origin } = new URL(url);
  return {
    to,
    from: asStored(from) ?? from,
    scenario,
    url: origin,
    publicUrls: [...new Set([origin, PUBLIC_URL])],
    authToken: TWILIO_AUTH_TOKEN,
    accountSid: TWILIO_ACCOUNT_SID ?? `AC${"0".repeat(32)}`,
  };
}

function stepText({ event, path, status, milliseconds, ...answer }: Step) {
  const { twiml, meaning } = answer;
  // The answer to a callback is not worth showing.
  const document = meaning === "Noted." ? "" : `${layOut(twiml)}\n\n`;
  return `${event}\nPOST ${path} → ${status} in ${milliseconds} ms\n\n${document}${meaning}\n\n`;
}
