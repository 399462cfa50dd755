import type { Knex } from "knex";
import { createDatabase } from "../app/db.server.ts";
import { operator } from "../app/domain/audit.server.ts";
import {
  eraseCompany,
  eraseLeftOfErased,
  freezeCompany,
  unfreezeCompany,
  type Closing,
} from "../app/domain/closed-companies.server.ts";
import {
  findCompany,
  listCompanies,
  type ListedCompany,
} from "../app/domain/company-list.server.ts";
import { formatPhoneNumber } from "../app/domain/e164.ts";
import { makeResetLink } from "../app/domain/password-reset.server.ts";
import { readTime } from "../app/domain/times.ts";
import { withoutForgingMarks } from "../app/domain/written-text.ts";
import { environment } from "../app/env.server.ts";
import {
  CommandError,
  printJson,
  requireDatabase,
  runCommand,
  UsageError,
  type Arguments,
} from "./terminal/command.ts";
import { folded } from "./terminal/output.ts";

type Verb = (db: Knex, company: ListedCompany, args: Arguments) => Promise<number>;

const closings: Record<"freeze" | "unfreeze" | "erase", [does: string, already: string]> = {
  freeze: ["frozen: nobody signs in, its calls are not passed on", "is frozen already"],
  unfreeze: ["unfrozen: people can sign in again", "is not frozen"],
  erase: ["erased", "is erased already"],
};

const verbs: Record<string, Verb> = {
  show,
  freeze: (db, company, args) =>
    close(args, company, "freeze", freezeCompany(db, company.id, operator)),
  unfreeze: (db, company, args) =>
    close(args, company, "unfreeze", unfreezeCompany(db, company.id, operator)),
  erase,
  reset,
};

await runCommand(
  {
    name: "npm run companies --",
    summary: "Lists companies, shows one, and freezes, unfreezes, erases one or lets it in again.",
    positionals: `[${Object.keys(verbs).join("|")} ID|EMAIL]`,
    examples: [
      ["", "lists all companies"],
      [
        "--waiting --last-sign-in-before 2026-01-31",
        "those without a number that were not here since",
      ],
      ["show ann@example.com", "shows one"],
      [
        "freeze 12",
        "ends its sessions and tokens; nobody signs in, its calls are answered and not passed on",
      ],
      ["unfreeze 12", "opens it again"],
      ["reset ann@example.com", "prints a link to a new password, good once and for an hour"],
      [
        "erase 12 --yes",
        "erases its people, settings, calls and messages; its number stays out of use for ever",
      ],
    ],
    options: {
      waiting: { type: "boolean", help: "only companies without a number" },
      "with-number": { type: "boolean", help: "only companies with one" },
      unverified: { type: "boolean", help: "only where the email is not verified" },
      frozen: { type: "boolean", help: "only those that are frozen" },
      erased: { type: "boolean", help: "only those that are erased" },
      "last-sign-in-before": {
        type: "string",
        value: "DATE",
        help: "only who last signed in before, or never",
      },
      "last-sign-in-since": { type: "string", value: "DATE", help: "only who has signed in since" },
      yes: { type: "boolean", help: "erase, which nobody can undo" },
    },
    stopped: ({ positionals: [verb = "show"] }) =>
      verb === "show"
        ? "Nothing was changed."
        : verb === "erase"
          ? "Its people are erased or not: “npm run companies -- show” says which; run it again for calls that are left."
          : "It was done or not, nothing by half: “npm run companies -- show” says which.",
  },
  async (args) => {
    const [name, whom, ...rest] = args.positionals;
    const verb = name === undefined ? undefined : verbs[name];
    if (name !== undefined && !verb) {
      const known = Object.keys(verbs).join(", ");
      throw new UsageError(`“${printable(name)}” is nothing to do; choose from ${known}.`);
    }
    if (verb && whom === undefined) throw new UsageError(`Say which company: ${name} ID or EMAIL.`);
    if (rest.length > 0)
      throw new UsageError(`One company at a time: “${printable(rest[0]!)}” is too much.`);
    if (args.has("waiting") && args.has("with-number")) {
      throw new UsageError("--waiting and --with-number leave nobody.");
    }
    if (args.has("frozen") && args.has("erased")) {
      throw new UsageError("--frozen and --erased leave nobody.");
    }
    const [before, since] = [date(args, "last-sign-in-before"), date(args, "last-sign-in-since")];
    requireDatabase();
    // Reading all companies takes longer than a request may.
    const db = createDatabase(environment().DATABASE_URL, { statementTimeout: 60_000 });
    try {
      if (!verb || whom === undefined) return await list(db, args, before, since);
      const company = await findCompany(db, /^\d{1,15}$/.test(whom) ? Number(whom) : whom);
      if (!company) throw new CommandError(`There is no company “${printable(whom)}”.`);
      return await verb(db, company, args);
    } finally {
      await db.destroy();
    }
  },
);

function date(args: Arguments, option: string): Date | undefined {
  const text = args.get(option);
  if (text === undefined) return undefined;
  const time = /^\d{4}-/.test(text) ? readTime(text) : undefined;
  if (!time)
    throw new UsageError(`--${option} needs a date like 2026-01-31 or 2026-01-31T12:00:00Z.`);
  return time;
}

async function list(
  db: Knex,
  args: Arguments,
  lastSignInBefore: Date | undefined,
  lastSignInSince: Date | undefined,
): Promise<number> {
  const companies = await listCompanies(db, {
    waiting: args.has("waiting"),
    withNumber: args.has("with-number"),
    unverified: args.has("unverified"),
    state: args.has("frozen") ? "frozen" : args.has("erased") ? "erased" : undefined,
    lastSignInBefore,
    lastSignInSince,
  });
  if (args.has("json")) {
    printJson({ companies: companies.map(asJson) });
    return 0;
  }
  for (const company of companies) {
    process.stdout.write(`${folded(lineOf(company), process.stdout, " ".repeat(8))}\n`);
  }
  const count = companies.length === 1 ? "1 company" : `${companies.length} companies`;
  process.stderr.write(`${count}. Next: “npm run companies -- show ID” shows one.\n`);
  return 0;
}

function lineOf({
  id,
  companyName,
  email,
  phoneNumber,
  state,
  lastSignInAt,
}: ListedCompany): string {
  return [
    String(id).padStart(6),
    printable(companyName),
    printable(email),
    phoneNumber === null ? "no number" : formatPhoneNumber(phoneNumber),
    lastSignInAt === null ? "no sign-in known" : `signed in ${lastSignInAt}`,
    ...(state === "open" ? [] : [state.toUpperCase()]),
  ].join("  ");
}

async function show(_db: Knex, company: ListedCompany, args: Arguments): Promise<number> {
  if (args.has("json")) {
    printJson({ company: asJson(company) });
    return 0;
  }
  const lines: [string, string | null][] = [
    ["company", `${company.id}`],
    ["name", company.companyName],
    ["owner", company.ownerName],
    ["email", `${company.email} (${company.verified ? "verified" : "not verified"})`],
    ["phone", company.phone && formatPhoneNumber(company.phone)],
    [
      "number",
      company.phoneNumber &&
        `${formatPhoneNumber(company.phoneNumber)} since ${company.assignedAt}`,
    ],
    [
      "account",
      company.state === "open" ? "open" : `${company.state} since ${company.closedSince}`,
    ],
    ["signed up", company.signedUpAt],
    ["last sign-in", company.lastSignInAt],
  ];
  for (const [name, value] of lines) {
    process.stdout.write(`${name.padEnd(14)}${value === null ? "none" : printable(value)}\n`);
  }
  return 0;
}

async function erase(db: Knex, company: ListedCompany, args: Arguments): Promise<number> {
  if (!args.has("yes")) {
    throw new UsageError(
      `Nobody can undo it, so nothing was erased: add --yes to erase company ${company.id}, ${printable(company.companyName)}${company.phoneNumber ? `, whose ${company.phoneNumber} stays out of use for ever` : ""}.`,
    );
  }
  return close(args, company, "erase", eraseWhole(db, company.id));
}

/** Erases to the end: no server may run that would do the rest. */
async function eraseWhole(db: Knex, companyId: number): Promise<Closing> {
  const closing = await eraseCompany(db, companyId, operator);
  while ((await eraseLeftOfErased(db)) > 0);
  return closing;
}

async function close(
  args: Arguments,
  { id }: ListedCompany,
  verb: keyof typeof closings,
  closing: Promise<Closing>,
): Promise<number> {
  const outcome = await closing;
  const [does, already] = closings[verb];
  if (outcome === "no-such-company") throw new CommandError(`There is no company ${id}.`);
  if (outcome === "erased") throw new CommandError(`Company ${id} is erased, and stays so.`);
  if (args.has("json")) printJson({ company_id: id, changed: outcome === "done" });
  else {
    process.stdout.write(
      outcome === "done" ? `Company ${id} is ${does}.\n` : `Company ${id} ${already}.\n`,
    );
  }
  if (verb === "erase" && outcome === "done") {
    process.stderr.write("Next: “npm run doctor” says what Twilio has yet to delete.\n");
  }
  return 0;
}

async function reset(db: Knex, { id, state }: ListedCompany, args: Arguments): Promise<number> {
  if (state === "erased") throw new CommandError(`Company ${id} is erased, and stays so.`);
  const link = await makeResetLink(db, id, operator);
  if (link === undefined) throw new CommandError(`There is no company ${id}.`);
  if (args.has("json")) printJson({ company_id: id, link, frozen: state === "frozen" });
  else process.stdout.write(`${link}\n`);
  process.stderr.write(
    `Good once, and for an hour. Hand it to the owner, and to nobody else.${state === "frozen" ? " The account stays frozen." : ""}\n`,
  );
  return 0;
}

function asJson(company: ListedCompany) {
  return {
    id: company.id,
    company_name: company.companyName,
    owner_name: company.ownerName,
    email: company.email,
    email_verified: company.verified,
    phone: company.phone,
    twilio_phone_number: company.phoneNumber,
    assigned_at: company.assignedAt,
    state: company.state,
    closed_since: company.closedSince,
    signed_up_at: company.signedUpAt,
    last_sign_in_at: company.lastSignInAt,
  };
}

// A company may call itself anything; a terminal obeys control characters.
function printable(text: string): string {
  return withoutForgingMarks(text).slice(0, 100);
}
