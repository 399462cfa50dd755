import type { Knex } from "knex";
import { withScratch } from "../app/db.server.ts";
import { formatPhoneNumber } from "../app/domain/e164.ts";
import type { TwilioAccount } from "../app/twilio/account.server.ts";
import { syncNumbers } from "../app/twilio/sync.server.ts";
import type { Synced, SyncedAs, SyncReport } from "../app/twilio/sync-report.server.ts";
import { isReachableByTwilio } from "../app/twilio/voice-settings.server.ts";
import { environment, type Environment } from "../app/env.server.ts";
import { pendingMigrations } from "../app/migrate.server.ts";
import {
  CommandError,
  operatorsDatabase,
  requireDatabase,
  runCommand,
  warn,
  type Arguments,
} from "./terminal/command.ts";
import { openOutput } from "./terminal/output.ts";
import { startProgress } from "./terminal/progress.ts";
import { openAccount } from "./terminal/twilio.ts";

/**
 * Whether a page of the account's numbers has come: after the last page, numbers may have been
 * changed.
 */
let isListed = false;

await runCommand(
  {
    name: "npm run sync --",
    summary:
      "Adds the Twilio account's numbers that take calls to the pool, and points each one's calls at PUBLIC_URL.",
    stopped: (args) =>
      args.has("dry-run") || !isListed
        ? "Nothing was changed."
        : "Some numbers may have been added and pointed, the others were not touched; run it again for the rest.",
    examples: [
      ["", "syncs all numbers of the account"],
      ["--dry-run", "says what that would do"],
      ["--take-over", "also points numbers here whose calls go to another address now"],
    ],
    options: {
      "take-over": {
        type: "boolean",
        help: "point numbers here, too, that another address answers; it is named",
      },
      "dry-run": {
        type: "boolean",
        help: "write nothing, here or at Twilio; print the same",
      },
    },
  },
  async (args) => {
    const env = environment();
    const account = await openAccount(env);
    if (!account) {
      throw new CommandError(
        "Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN in the environment or in .env (Twilio's console, Account Info).",
      );
    }
    requirePublicUrl(env);
    requireDatabase();
    if ((await pendingMigrations(operatorsDatabase())).length > 0) {
      throw new CommandError("The database's schema is not current. Run “npm run migrate” first.");
    }
    return withScratch((scratch) => sync(args, env, account, scratch));
  },
);

async function sync(
  args: Arguments,
  { PUBLIC_URL }: Environment,
  account: TwilioAccount,
  scratch: Knex,
): Promise<number> {
  const progress = startProgress();
  const outcome = await syncNumbers(operatorsDatabase(), scratch, account, {
    publicUrl: PUBLIC_URL,
    dryRun: args.has("dry-run"),
    takeOver: args.has("take-over"),
    onListed: (soFar) => {
      isListed = true;
      progress.update("Listing numbers", soFar);
    },
    onProgress: (done, total) => progress.update("Pointing numbers", done, total),
  }).finally(() => progress.clear());
  if (!outcome.ok) {
    throw new CommandError(
      `The account's numbers cannot be listed: ${outcome.reason}. Nothing was changed.`,
    );
  }
  const { report } = outcome;
  await (args.has("json") ? printDocument : print)(args, report, PUBLIC_URL);
  return report.count.failed > 0 ? 1 : 0;
}

/** Pointing live numbers at an address that Twilio cannot call would end every call to them. */
function requirePublicUrl({ PUBLIC_URL, TWILIO_API_BASE_URL }: Environment): void {
  if (!isReachableByTwilio(PUBLIC_URL)) {
    const problem = `PUBLIC_URL is ${PUBLIC_URL}, where Twilio cannot call it`;
    if (!TWILIO_API_BASE_URL) {
      throw new CommandError(
        `${problem}. Set PUBLIC_URL to the address that the world calls this server by, like https://numbers.example.com.`,
      );
    }
    warn(`${problem}.`);
  } else if (PUBLIC_URL.startsWith("http:")) {
    warn(
      `PUBLIC_URL is ${PUBLIC_URL}: what Twilio tells about calls crosses the network unencrypted. Use https.`,
    );
  }
}

async function printDocument(args: Arguments, report: SyncReport, publicUrl: string) {
  const output = openOutput();
  const { added, pointed, unchanged, leftOut, failed } = report.count;
  const head = {
    dry_run: args.has("dry-run"),
    public_url: publicUrl,
    in_account: report.inAccount,
    added,
    pointed,
    unchanged,
    left_out: leftOut,
    failed,
  };
  await output.write(`${JSON.stringify(head, null, 2).slice(0, -2)},\n  "numbers": {`);
  const list = async <What extends Synced["what"]>(
    name: string,
    what: What,
    element: (one: SyncedAs<What>) => unknown,
  ) => {
    await output.write(`${what === "added" ? "" : ","}\n    "${name}": [`);
    let separator = "\n";
    for await (const some of report.each(what)) {
      let text = "";
      for (const one of some) {
        const lines = JSON.stringify(element(one), null, 2).replaceAll("\n", "\n      ");
        text += `${separator}      ${lines}`;
        separator = ",\n";
      }
      await output.write(text);
    }
    await output.write(separator === "\n" ? "]" : "\n    ]");
  };
  const reasoned = ({ phoneNumber, reason }: SyncedAs<"leftOut" | "failed">) => ({
    phone_number: phoneNumber,
    reason,
  });
  await list("added", "added", ({ phoneNumber }) => phoneNumber);
  await list("pointed", "pointed", ({ phoneNumber, settings, takenFrom }) => ({
    phone_number: phoneNumber,
    settings,
    ...(takenFrom && { taken_from: takenFrom }),
  }));
  await list("left_out", "leftOut", reasoned);
  await list("failed", "failed", reasoned);
  await output.write("\n  }\n}\n");
}

async function print(args: Arguments, report: SyncReport, publicUrl: string): Promise<void> {
  const output = openOutput();
  const dryRun = args.has("dry-run");
  const list = async <What extends Synced["what"]>(
    what: What,
    heading: string,
    more: (one: SyncedAs<What>) => string,
  ) => {
    for await (const some of report.each(what)) {
      const lines = some.map((one) => {
        const after = more(one);
        const number = formatPhoneNumber(one.phoneNumber).padEnd(after ? 20 : 0);
        return `${heading.padEnd(dryRun ? 13 : 10)}${number}${after}\n`;
      });
      await output.write(lines.join(""));
    }
  };
  await list("added", dryRun ? "would add" : "added", () => "");
  await list(
    "pointed",
    dryRun ? "would point" : "pointed",
    ({ settings, takenFrom }) => settings.join(", ") + (takenFrom ? ` (was ${takenFrom})` : ""),
  );
  await list("leftOut", "left out", ({ reason }) => reason);
  await list("failed", "failed", ({ reason }) => reason);
  const { added, pointed, unchanged, leftOut, failed } = report.count;
  await output.write(
    `\nOf ${report.inAccount} numbers in the account ${dryRun ? "would be" : "were"}: ${added} added to the pool, ` +
      `${pointed} pointed at ${publicUrl}, ${unchanged} unchanged, ${leftOut} left out, ${failed} failed.\n`,
  );
  process.stderr.write(`${next(report, dryRun)}\n`);
}

function next({ inAccount, count }: SyncReport, dryRun: boolean): string {
  if (inAccount === 0) {
    return "The account has no numbers. Buy some in Twilio's console, then run this again.";
  }
  if (dryRun) return "Nothing was written. Run it again without --dry-run.";
  return count.failed > 0
    ? "Next: run “npm run sync” again for what failed; “npm run doctor” says more."
    : "Next: “npm run doctor” checks everything, “npm run numbers” shows the pool.";
}
