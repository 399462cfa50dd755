import { formatPhoneNumber } from "../app/domain/e164.ts";
import { syncNumbers, type SyncReport } from "../app/twilio/sync.server.ts";
import { isReachableByTwilio } from "../app/twilio/voice-settings.server.ts";
import { environment, type Environment } from "../app/env.server.ts";
import { pendingMigrations } from "../app/migrate.server.ts";
import {
  CommandError,
  operatorsDatabase,
  printJson,
  requireDatabase,
  runCommand,
  type Arguments,
} from "./terminal/command.ts";
import { startProgress } from "./terminal/progress.ts";
import { openAccount, warn } from "./terminal/twilio.ts";

/** Whether a page of the account's numbers has come: after the last page, numbers may have been changed. */
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
    const dryRun = args.has("dry-run");
    const progress = startProgress();
    const outcome = await syncNumbers(operatorsDatabase(), account, {
      publicUrl: env.PUBLIC_URL,
      dryRun,
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
    print(args, outcome.report, env.PUBLIC_URL);
    return outcome.report.failed.length > 0 ? 1 : 0;
  },
);

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

function print(args: Arguments, report: SyncReport, publicUrl: string): void {
  const dryRun = args.has("dry-run");
  const { added, pointed, unchanged, leftOut, failed } = report;
  if (args.has("json")) {
    const named = ({ phoneNumber, reason }: SyncReport["failed"][number]) => ({
      phone_number: phoneNumber,
      reason,
    });
    printJson({
      dry_run: dryRun,
      public_url: publicUrl,
      in_account: report.inAccount,
      added: added.length,
      pointed: pointed.length,
      unchanged: unchanged.length,
      left_out: leftOut.length,
      failed: failed.length,
      numbers: {
        added,
        pointed: pointed.map(({ phoneNumber, settings, takenFrom }) => ({
          phone_number: phoneNumber,
          settings,
          ...(takenFrom && { taken_from: takenFrom }),
        })),
        left_out: leftOut.map(named),
        failed: failed.map(named),
      },
    });
    return;
  }
  const did = (done: string, planned: string) => (dryRun ? planned : done);
  const line = (what: string, phoneNumber: string, more = "") =>
    `${what.padEnd(dryRun ? 13 : 10)}${formatPhoneNumber(phoneNumber).padEnd(more ? 20 : 0)}${more}\n`;
  process.stdout.write(
    [
      ...added.map((number) => line(did("added", "would add"), number)),
      ...pointed.map(({ phoneNumber, settings, takenFrom }) =>
        line(
          did("pointed", "would point"),
          phoneNumber,
          settings.join(", ") + (takenFrom ? ` (was ${takenFrom})` : ""),
        ),
      ),
      ...leftOut.map(({ phoneNumber, reason }) => line("left out", phoneNumber, reason)),
      ...failed.map(({ phoneNumber, reason }) => line("failed", phoneNumber, reason)),
      `\nOf ${report.inAccount} numbers in the account ${dryRun ? "would be" : "were"}: ${added.length} added to the pool, ` +
        `${pointed.length} pointed at ${publicUrl}, ${unchanged.length} unchanged, ${leftOut.length} left out, ${failed.length} failed.\n`,
    ].join(""),
  );
  process.stderr.write(`${next(report, dryRun)}\n`);
}

function next({ inAccount, failed }: SyncReport, dryRun: boolean): string {
  if (inAccount === 0) {
    return "The account has no numbers. Buy some in Twilio's console, then run this again.";
  }
  if (dryRun) return "Nothing was written. Run it again without --dry-run.";
  return failed.length > 0
    ? "Next: run “npm run sync” again for what failed; “npm run doctor” says more."
    : "Next: “npm run doctor” checks everything, “npm run numbers” shows the pool.";
}
