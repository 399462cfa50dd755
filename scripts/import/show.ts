import { budgetStatus } from "../../app/domain/assignment-budget.server.ts";
import { formatPhoneNumber } from "../../app/domain/e164.ts";
import { goneNumbers } from "../../app/domain/gone-numbers.server.ts";
import { eachInPool, poolStatus, type PoolEntry } from "../../app/domain/pool.server.ts";
import { environment } from "../../app/env.server.ts";
import { CommandError, operatorsDatabase, type Arguments } from "../terminal/command.ts";
import { folded, openOutput } from "../terminal/output.ts";
import { printable } from "./report.ts";

/**
 * Shows how full the pool is, and who has which number since when; with --list the available ones
 * too.
 */
export async function showPool(args: Arguments): Promise<number> {
  const db = operatorsDatabase();
  // Stops when nobody reads the output any more.
  const output = openOutput();
  const { available, assigned, companiesWaiting } = await poolStatus(db);
  const { budget, spent, openUntil } = await budgetStatus(db);
  const gone = await goneNumbers(db);
  const threshold = environment().LOW_POOL_THRESHOLD;
  const low = available < threshold;
  const counts = {
    available,
    assigned,
    companies_waiting: companiesWaiting,
    low,
    low_threshold: threshold,
    assigned_last_hour: spent,
    assignments_per_hour: budget,
    open_until: openUntil,
    gone: gone.map(({ phoneNumber, companyId, since }) => ({
      phone_number: phoneNumber,
      company_id: companyId,
      since,
    })),
  };
  const waiting = `${companiesWaiting} ${companiesWaiting === 1 ? "company has" : "companies have"} no number yet.`;
  const totals = `${available} available, ${assigned} assigned, ${available + assigned} in all`;
  const lately =
    openUntil === null
      ? `Assigned in the last hour: ${spent}, of ${budget}${spent < budget ? "" : ": until some of them are an hour old, others have to wait"}.`
      : `Assigned in the last hour: ${spent}; until ${openUntil} without a limit.`;
  const json = args.has("json");
  if (json) await output.write(`${JSON.stringify(counts, null, 2).slice(0, -2)},\n  "numbers": [`);
  else {
    await output.write(
      gone
        .map(
          ({ phoneNumber, companyId, since }) =>
            `GONE: ${formatPhoneNumber(phoneNumber)}, company ${companyId}'s, is not in the Twilio\naccount any more (seen ${since}). Buy it again or ask Twilio's support, then “npm run sync”.\n`,
        )
        .join(""),
    );
    await output.write(
      low
        ? `${folded(`LOW: ${available} available, fewer than ${threshold} (LOW_POOL_THRESHOLD); ${waiting}`, process.stdout)}\n${totals}.\n`
        : `${totals}; ${waiting}\n`,
    );
    await output.write(`${lately}\n`);
  }
  let separator = "\n";
  for await (const entries of eachInPool(db, args.has("list") ? undefined : "assigned")) {
    if (output.failure !== undefined || args.signal.aborted) break;
    let text = "";
    for (const entry of entries) {
      text += json ? separator + element(entry) : entryLine(entry);
      separator = ",\n";
    }
    await output.write(text);
  }
  if (args.signal.aborted) return 130;
  if (json) await output.write(`${separator === "\n" ? "" : "\n  "}]\n}\n`);
  else {
    process.stderr.write(
      args.has("list")
        ? "Next: “npm run numbers -- --help” says how to add more.\n"
        : "Next: “npm run numbers -- --list” shows every number, “npm run numbers --\nNUMBER…” adds to them.\n",
    );
  }
  if (output.failure === undefined || output.failure === "EPIPE") return 0;
  throw new CommandError(`stdout cannot be written (${output.failure}).`);
}

function element(entry: PoolEntry): string {
  const object = {
    phone_number: entry.phoneNumber,
    status: entry.status,
    company_id: entry.companyId,
    company_name: entry.companyName,
    assigned_at: entry.assignedAt,
    created_at: entry.createdAt,
  };
  return `    ${JSON.stringify(object, null, 2).replaceAll("\n", "\n    ")}`;
}

function entryLine(entry: PoolEntry): string {
  const whose =
    entry.status === "assigned"
      ? `${printable(entry.companyName ?? "")} (company ${entry.companyId}) since ${entry.assignedAt}`
      : `available since ${entry.createdAt}`;
  return `${formatPhoneNumber(entry.phoneNumber).padEnd(22)}${whose}\n`;
}
