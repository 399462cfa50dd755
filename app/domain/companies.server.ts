import type { Knex } from "knex";
import { z } from "zod";
import { query } from "#app/query.server.ts";
import { closedState, type ClosedState } from "#app/domain/account-state.ts";
import { recordEvent, service, type By } from "#app/domain/audit.server.ts";
import { companiesByEmail, foldedEmail } from "#app/domain/adopted-emails.server.ts";
import { isUniqueViolation } from "#app/domain/database-errors.server.ts";
import { parseE164 } from "#app/domain/e164.ts";
import { guessable, isGuessable, newPasswordField } from "#app/domain/new-passwords.server.ts";
import { queueMail } from "#app/domain/mail-queue.server.ts";
import { hashPassword, verifyPassword } from "#app/domain/passwords.server.ts";
import { asTimeZone, saveTimeZone, timeZoneFrom } from "#app/domain/time-zone.server.ts";
import { toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";
import { holdsForgingMarks, withoutStrayMarks } from "#app/domain/written-text.ts";

/**
 * A company is the tenant, and has one sign-in: its owner's email, kept in lower case, and a
 * password. Its phone number is set by the pool alone (phone-numbers.server.ts).
 */

/** A company as its own people see it, without secrets. `phone` and `phoneNumber` are E.164. */
export interface Company {
  id: number;
  companyName: string;
  ownerName: string;
  email: string;
  /** how to reach the owner */
  phone: string | null;
  /** the number that is theirs for ever */
  phoneNumber: string | null;
  /** since when it has been theirs (RFC 3339, UTC) */
  assignedAt: string | null;
  /** IANA name; times are shown in it */
  timeZone: string;
}

/** A row of {@link companyColumns}. */
export interface CompanyRow {
  id: number;
  company_name: string;
  owner_name: string;
  email: string;
  phone: string | null;
  twilio_phone_number: string | null;
  assigned_at: string | null;
  time_zone: string | null;
}

/** What to select for a {@link CompanyRow}, from {@link companyTables}. */
export const companyColumns = `c.id, c.company_name, c.owner_name, c.email, c.phone, c.twilio_phone_number,
  n.assigned_at, (select time_zone from company_time_zones where company_id = c.id) as time_zone`;

/** Companies as `c`, each with its number, if it has one, as `n`. */
export const companyTables =
  "companies c left join twilio_phone_numbers n on n.phone_number = c.twilio_phone_number";

/** The company that a row stands for; times and zone are worked out here. */
export function companyFromRow(row: CompanyRow): Company {
  return {
    id: row.id,
    companyName: row.company_name,
    ownerName: row.owner_name,
    email: row.email,
    phone: row.phone,
    phoneNumber: row.twilio_phone_number,
    assignedAt: row.assigned_at === null ? null : toRfc3339(row.assigned_at),
    timeZone: timeZoneFrom(row.time_zone, row.twilio_phone_number, row.phone),
  };
}

const shortText = (missing: string) =>
  z
    .string({ error: missing })
    .transform(withoutStrayMarks)
    .pipe(
      z
        .string()
        .min(1, { error: missing })
        .max(255, { error: "Use 255 characters or fewer" })
        .refine((text) => !holdsForgingMarks(text), { error: "Remove the invisible characters" }),
    );

/** An email, {@link foldedEmail}. */
export const emailField = shortText("Enter an email address").pipe(
  z
    .string()
    .transform(foldedEmail)
    .refine(
      (email) =>
        /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+\.[^\s@<>,;:"()[\]\\.]+$/.test(email) &&
        !/\p{Default_Ignorable_Code_Point}/u.test(email),
      { error: "Enter an email address like name@example.com" },
    ),
);

/** A phone as it is kept, or null for none; errors go to `context`. */
export function readPhone(
  text: string | null | undefined,
  context: z.RefinementCtx,
): string | null {
  const parsed = parseE164(text ?? "");
  if (parsed.ok) return parsed.phoneNumber;
  if (parsed.reason === "is empty") return null;
  context.addIssue({
    code: "custom",
    message: "Enter a phone number with its country code, like +353 86 123 4567",
  });
  return z.NEVER;
}

/** Who a company is, and how to reach its owner. */
export const whoFields = {
  company_name: shortText("Enter your company's name"),
  owner_name: shortText("Enter your name"),
  phone: z
    .string({ error: "Enter a phone number like +353 86 123 4567" })
    .nullish()
    .transform(readPhone),
};

/** What the sign-up form asks for. */
export const signUpFields = z
  .object({
    ...whoFields,
    email: emailField,
    password: newPasswordField,
    // From the browser, not typed by anybody: an invalid zone counts as none.
    time_zone: z
      .unknown()
      .optional()
      .transform((zone) => (typeof zone === "string" ? (asTimeZone(zone) ?? null) : null)),
  })
  .refine(
    ({ password, company_name, owner_name, email }) => {
      const names: unknown[] = [company_name, owner_name, email];
      return !isGuessable(
        password,
        names.filter((name) => typeof name === "string"),
      );
    },
    {
      path: ["password"],
      error: guessable,
      // Every error is shown at once: this check runs even if another field is invalid.
      when: ({ issues }) => !issues.some(({ path }) => !path?.[0] || path[0] === "password"),
    },
  );

type SignUpFields = z.output<typeof signUpFields>;
export type SignUp = Omit<SignUpFields, "time_zone"> & Partial<Pick<SignUpFields, "time_zone">>;

/** A company whose password was just proved or set, and the hash it was checked against. */
export interface Proven {
  company: Company;
  passwordHash: string;
}

/** The outcome of {@link signUp}. */
export type SignUpResult = ({ outcome: "signed-up" } & Proven) | { outcome: "email-taken" };

/**
 * Makes an account; it has no phone number yet.
 * @param by for the audit trail
 * @param begin done in the same transaction: if it fails, no account is made
 */
export async function signUp(
  db: Knex,
  fields: SignUp,
  by: By = service,
  begin?: (transaction: Knex, companyId: number, passwordHash: string) => Promise<void>,
): Promise<SignUpResult> {
  // The unique index covers all other emails; adopted ones do not change, so none can come in
  // between.
  const email = foldedEmail(fields.email);
  if ((await query(db, idByEmail, [email, email])).length > 0) return { outcome: "email-taken" };
  const passwordHash = await hashPassword(fields.password);
  const now = toDatabaseTime();
  const timeZone = fields.time_zone ?? null;
  try {
    const id = await db.transaction(async (transaction) => {
      const [row] = await transaction("companies")
        .insert({
          company_name: fields.company_name,
          owner_name: fields.owner_name,
          phone: fields.phone,
          email: fields.email,
          password_hash: passwordHash,
          created_at: now,
          updated_at: now,
        })
        .returning<{ id: number }[]>("id");
      const companyId = row!.id;
      if (timeZone !== null) await saveTimeZone(transaction, companyId, timeZone);
      await recordEvent(transaction, { event: "signed-up", companyId, ...by });
      await queueMail(transaction, { kind: "verify-email", companyId, address: fields.email });
      await begin?.(transaction, companyId, passwordHash);
      return companyId;
    });
    return {
      outcome: "signed-up",
      passwordHash,
      company: {
        id,
        companyName: fields.company_name,
        ownerName: fields.owner_name,
        email: fields.email,
        phone: fields.phone,
        phoneNumber: null,
        assignedAt: null,
        timeZone: timeZoneFrom(timeZone, fields.phone),
      },
    };
  } catch (error) {
    if (isUniqueViolation(error)) return { outcome: "email-taken" };
    throw error;
  }
}

/**
 * The company with this email and password, or undefined; an unknown email costs as much work as a
 * wrong password. An old kind of hash is replaced by the current one. Only somebody who knows the
 * password is told that an account is "frozen".
 * @param email in any case, with or without spaces around it
 * @param by for the audit trail, which records refusals; a session that begins has a line of its
 * own
 */
export async function signIn(
  db: Knex,
  email: string,
  password: string,
  by: By = service,
): Promise<Proven | "frozen" | undefined> {
  const folded = foldedEmail(email);
  const [row] = await query<SignInRow>(db, byEmail, [folded, folded]);
  const check = await verifyPassword(password, row?.password_hash);
  if (!row || check === "wrong") {
    await recordEvent(db, { event: "sign-in-refused", companyId: row?.id, ...by });
    return undefined;
  }
  let passwordHash = row.password_hash;
  if (check === "right-but-old-hash") {
    passwordHash = await hashPassword(password);
    const replaced = await db("companies")
      .where({ id: row.id, password_hash: row.password_hash })
      .update({ password_hash: passwordHash });
    // Somebody else has replaced it, or has set another password.
    if (replaced === 0) return signIn(db, email, password, by);
  }
  if (row.state === null) return { company: companyFromRow(row), passwordHash };
  const details = { reason: row.state };
  await recordEvent(db, { event: "sign-in-refused", companyId: row.id, ...by, details });
  return "frozen";
}

/** Whether a password is the company's; costs what a sign-in costs. */
export async function isPasswordOf(
  db: Knex,
  companyId: number,
  password: string,
): Promise<boolean> {
  const row = await db("companies").where({ id: companyId }).first("password_hash");
  return (await verifyPassword(password, row?.password_hash)) !== "wrong";
}

type SignInRow = CompanyRow & { password_hash: string; state: ClosedState | null };

const byEmail = {
  name: "company by email",
  sql: `select ${companyColumns}, c.password_hash, ${closedState("c.id")} as state from ${companyTables} where c.id in (${companiesByEmail})`,
};

const idByEmail = { name: "company id by email", sql: companiesByEmail };
