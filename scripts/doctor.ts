import type { Knex } from "knex";
import { createDatabase } from "../app/db.server.ts";
import { found, type Finding } from "../app/doctor/finding.ts";
import { findDamage } from "../app/doctor/damage/diagnosis.server.ts";
import { repairOffer, type Repaired } from "../app/doctor/offer.server.ts";
import { repairDamage } from "../app/doctor/repair.server.ts";
import { compareWithTwilio } from "../app/doctor/twilio.server.ts";
import { isReachableByTwilio } from "../app/twilio/voice-settings.server.ts";
import { environment, type Environment } from "../app/env.server.ts";
import { whatIsThere } from "../app/doctor/damage/tables.server.ts";
import { examineConfiguration, examineDatabase } from "../app/doctor/installation.server.ts";
import {
  missingDatabase,
  paint,
  printJson,
  requireDatabase,
  runCommand,
  warn,
  type Arguments,
} from "./terminal/command.ts";
import { openAccount } from "./terminal/twilio.ts";
import { folded } from "./terminal/output.ts";

/** What a repair has done so far. */
let mended: Repaired[] = [];

const exitCodes = { healthy: 0, findings: 4 };

await runCommand(
  {
    name: "npm run doctor --",
    summary:
      "Says what is wrong with the configuration, the database and the numbers, and what mends it. Exit code 0: nothing; 4: something; 1: it could not run.",
    examples: [
      ["", "a line for each finding, with the command that mends it"],
      ["--offline", "leaves Twilio out"],
      ["--repair", "mends damaged rows where there is no doubt how"],
    ],
    stopped: () =>
      mended.length === 0
        ? "Nothing was changed."
        : `${mended.length} ${mended.length === 1 ? "finding was" : "findings were"} mended; the rest was not looked at.`,
    options: {
      offline: { type: "boolean", help: "leave Twilio out" },
      repair: {
        type: "boolean",
        help: "mend what can be known without doubt, in one transaction",
      },
    },
  },
  async (args) => {
    const env = environment();
    const offline = args.has("offline");
    const findings = examineConfiguration(env, { offline });
    if (args.has("repair")) requireDatabase();
    const missing = missingDatabase();
    if (missing !== undefined) {
      const finding = `There is no database at ${missing}.`;
      const mend = "npm run migrate, or set DATABASE_URL";
      findings.push(...found("database-missing", finding, mend));
    } else {
      // Looking at all rows takes longer than a request may.
      const open = (readOnly: boolean) =>
        createDatabase(env.DATABASE_URL, { statementTimeout: 60_000, readOnly });
      const [db, beside] = [open(false), open(true)];
      try {
        if (args.has("repair")) {
          mended = await repair(db);
          mended.push(...(await repairOffer(db, say)));
        }
        findings.push(...(await examine({ db, beside }, env, offline)));
      } finally {
        await Promise.all([db.destroy(), beside.destroy()]);
      }
    }
    print(args, findings, mended);
    return findings.length > 0 ? exitCodes.findings : exitCodes.healthy;
  },
);

/** Says what will be repaired, repairs it, and returns what was. */
async function repair(db: Knex): Promise<Repaired[]> {
  const there = await whatIsThere(db);
  if (there === "nothing") return [];
  const damage = await findDamage(db);
  const repairable = damage.flatMap(({ kind, finding, repair }) =>
    repair === undefined ? [] : { kind, finding, repair },
  );
  const isIncomplete = there === "some" && damage.length > 0;
  if (isIncomplete) {
    process.stderr.write(
      "Will be added: what is missing of the tables companies and twilio_phone_numbers.\n",
    );
  }
  for (const { finding, repair } of repairable) say(`Will be mended: ${finding} ${repair}`);
  if (!isIncomplete && repairable.length === 0) return [];
  const { repaired } = await repairDamage(db);
  return repaired.map(({ kind, finding, repair = "" }) => ({ kind, finding, repair }));
}

function say(sentence: string): void {
  process.stderr.write(`${folded(sentence, process.stderr)}\n`);
}

/** What is wrong with the database, and with its numbers at Twilio. */
async function examine(
  { db, beside }: Record<"db" | "beside", Knex>,
  env: Environment,
  offline: boolean,
): Promise<Finding[]> {
  const { findings, hasPool } = await examineDatabase(db, beside);
  const account = offline ? undefined : await openAccount(env);
  if (!account || !hasPool) return findings;
  const isComparable = isReachableByTwilio(env.PUBLIC_URL) || env.TWILIO_API_BASE_URL;
  const comparison = await compareWithTwilio(
    db,
    account,
    isComparable ? env.PUBLIC_URL : undefined,
  );
  const { notInPool } = comparison;
  if (notInPool > 0) {
    warn(
      notInPool === 1
        ? "One number of the account takes calls and is not in the pool; “npm run sync” adds it."
        : `${notInPool} numbers of the account take calls and are not in the pool; “npm run sync” adds them.`,
    );
  }
  return [...findings, ...comparison.findings];
}

function print(args: Arguments, findings: Finding[], repaired: Repaired[]): void {
  if (args.has("json")) {
    printJson({
      healthy: findings.length === 0,
      findings,
      repaired: repaired.map(({ kind, finding, repair }) => ({
        code: kind,
        finding,
        repair,
      })),
    });
    return;
  }
  for (const { finding, repair } of repaired) {
    process.stdout.write(`${folded(`Mended: ${finding} ${repair}`, process.stdout)}\n`);
  }
  for (const { finding, mend } of findings) {
    process.stdout.write(`${folded(`- ${finding} → ${mend}`, process.stdout)}\n`);
  }
  const mended = args.has("repair") ? `${repaired.length} mended, ` : "";
  process.stdout.write(
    findings.length > 0
      ? `\n${mended}${findings.length} ${findings.length === 1 ? "finding" : "findings"}.\n`
      : `${mended}all is well.\n`.replace(/^./, (first) => first.toUpperCase()),
  );
  process.stderr.write(`${folded(next(args, findings), process.stderr)}\n`);
}

function next(args: Arguments, findings: Finding[]): string {
  if (findings.some(({ mend }) => mend.includes("--repair"))) {
    return `${paint("bold", "Next:")} “npm run doctor -- --repair” mends what can be known without doubt.`;
  }
  const has = (code: string) => findings.some((one) => one.code === code);
  if (has("migrations-pending") && findings.length === 1) {
    return "Next: “npm run migrate”.";
  }
  if (findings.length > 0) {
    return "Next: do what stands after each arrow, then “npm run doctor” again.";
  }
  return args.has("offline")
    ? "Next: “npm run doctor” without --offline looks at Twilio too."
    : "Next: “npm run call -- NUMBER” tries a call, “npm run numbers:test” the rules of assignment.";
}
