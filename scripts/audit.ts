import { setTimeout } from "node:timers/promises";
import { reading } from "../app/db.server.ts";
import {
  auditEvents,
  readAudit,
  type AuditEvent,
  type AuditFilter,
  type RecordedEvent,
} from "../app/domain/audit.server.ts";
import { findCompany } from "../app/domain/company-list.server.ts";
import { readTime } from "../app/domain/times.ts";
import { withoutForgingMarks } from "../app/domain/written-text.ts";
import {
  CommandError,
  nearest,
  printJson,
  requireDatabase,
  runCommand,
  UsageError,
  type Arguments,
} from "./terminal/command.ts";
import { folded } from "./terminal/output.ts";

const name = "npm run audit --";
const usualLimit = 50;
/**
 * Lines read again while following, since one with a lower number may be committed after a higher
 * one.
 */
const overlap = 1_000;
/** Milliseconds. */
const unit = { m: 60_000, h: 3_600_000, d: 86_400_000 };

await runCommand(
  {
    name,
    summary:
      "Shows what happened to accounts and numbers: sign-ins, refusals, recoveries, assignments, operators' commands. The newest is last.",
    endsWithReader: true,
    examples: [
      ["", `the last ${usualLimit} lines`],
      ["--company 12 --since 7d", "a company's last week"],
      ["--event sign-in-refused --follow", "refused sign-ins, as they come, until Ctrl-C"],
    ],
    options: {
      company: { type: "string", value: "WHO", help: "one company's, by its ID or email" },
      event: { type: "string", value: "NAME", help: "one kind, or several with commas" },
      actor: {
        type: "string",
        value: "WHO",
        help: "company, visitor, operator, service, token:ID",
      },
      address: { type: "string", value: "IP", help: "from one address" },
      since: { type: "string", value: "TIME", help: "2026-11-25, 2026-11-25T10:00Z, 90m, 12h, 7d" },
      limit: { type: "string", value: "N", help: `at most so many, the newest (${usualLimit})` },
      follow: { type: "boolean", help: "go on as lines come; with --json one document a line" },
    },
  },
  async (args) => {
    const given = filterOf(args);
    const company = args.get("company");
    if (company !== undefined && !/^\d{1,15}$|@/.test(company)) {
      throw new UsageError("--company is a company's ID or email.");
    }
    const limit = whole(args, "limit", 1, 100_000) ?? usualLimit;
    requireDatabase();
    const filter = { ...given, companyId: await idOf(company) };
    const lines = (await readAudit(reading(), filter, limit)).toReversed();
    if (args.has("follow")) return follow(args, filter, lines);
    if (args.has("json")) printJson({ events: lines });
    else for (const line of lines) process.stdout.write(`${textOf(line)}\n`);
    if (lines.length === 0) process.stderr.write("Nothing is recorded that fits.\n");
    else if (lines.length === limit) {
      process.stderr.write(`There may be more: “${name} --limit ${limit * 10}”.\n`);
    }
    return 0;
  },
);

async function follow(
  args: Arguments,
  filter: AuditFilter,
  lines: RecordedEvent[],
): Promise<never> {
  const told = new Set<number>();
  for (let next = lines; ;) {
    for (const line of next) {
      told.add(line.id);
      process.stdout.write(`${args.has("json") ? JSON.stringify(line) : textOf(line)}\n`);
    }
    await setTimeout(500);
    const afterId = Math.max(0, ...told) - overlap;
    for (const id of told) if (id <= afterId) told.delete(id);
    next = (await readAudit(reading(), { ...filter, afterId }, 10 * overlap))
      .filter(({ id }) => !told.has(id) && id > (lines.at(0)?.id ?? 0))
      .toReversed();
  }
}

function textOf({ at, event, companyId, actor, address, details }: RecordedEvent): string {
  const facts = Object.entries(details ?? {}).map(
    ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  const line = [
    at,
    event.padEnd(20),
    (companyId === null ? "-" : `#${companyId}`).padEnd(5),
    actor.padEnd(8),
    address ?? "-",
    ...facts,
  ]
    .join(" ")
    .trimEnd();
  return folded(line, process.stdout, " ".repeat(21));
}

function filterOf(args: Arguments): AuditFilter {
  const since = args.get("since");
  const actor = args.get("actor");
  if (actor !== undefined && !isActor(actor)) {
    throw new UsageError(`--actor is company, visitor, operator, service or token:ID.`);
  }
  return {
    events: args.get("event")?.split(",").map(eventOf),
    actor,
    address: args.get("address"),
    since: since === undefined ? undefined : sinceOf(since),
  };
}

/** The trail has companies by id alone, also those that are no more. */
async function idOf(company: string | undefined): Promise<number | undefined> {
  if (company === undefined) return undefined;
  if (!company.includes("@")) return Number(company);
  const found = await findCompany(reading(), company);
  if (!found) throw new CommandError(`There is no company “${withoutForgingMarks(company)}”.`);
  return found.id;
}

function isActor(text: string): text is NonNullable<AuditFilter["actor"]> {
  return /^(company|visitor|operator|service|token:.+)$/.test(text);
}

function eventOf(text: string): AuditEvent {
  const event = auditEvents.find((one) => one === text.trim());
  if (event) return event;
  const near = nearest(text.trim(), auditEvents);
  throw new UsageError(
    `There is no event “${text}”. ${near ? `Did you mean ${near}?` : `There are: ${auditEvents.join(", ")}.`}`,
  );
}

function sinceOf(text: string): Date {
  const [, count, letter] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (count) return new Date(Date.now() - Number(count) * unit[letter as keyof typeof unit]);
  const time = readTime(text);
  if (time) return time;
  throw new UsageError("--since is a time like 2026-11-25, 2026-11-25T10:00Z, 90m, 12h or 7d.");
}

function whole(args: Arguments, option: string, least: number, most: number): number | undefined {
  const text = args.get(option);
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
  throw new UsageError(`--${option} is a whole number from ${least} to ${most}.`);
}
