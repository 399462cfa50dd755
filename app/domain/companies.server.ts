import type { Knex } from "knex";
import { z } from "zod";
import { isUniqueViolation } from "#app/domain/database-errors.server.ts";
import { parseE164 } from "#app/domain/e164.ts";
import { isCommonPassword } from "#app/domain/common-passwords.server.ts";
import { hashPassword, verifyPassword } from "#app/domain/passwords.server.ts";
import { toDatabaseTime } from "#app/domain/times.ts";

/**
 * A company is the tenant, and has one sign-in: its owner's email, kept in lower case, and a password.
 * Its phone number is set by the pool alone (phone-numbers.server.ts).
 */

/** A company as its own people see it; nothing secret. `phone` and `phoneNumber` are E.164. */
export interface Company {
  id: number;
  companyName: string;
  ownerName: string;
  email: string;
  /** how to reach the owner */
  phone: string | null;
  /** the number that is theirs for ever */
  phoneNumber: string | null;
}

interface CompanyRow {
  id: number;
  company_name: string;
  owner_name: string;
  email: string;
  phone: string | null;
  twilio_phone_number: string | null;
}

const columns = [
  "id",
  "company_name",
  "owner_name",
  "email",
  "phone",
  "twilio_phone_number",
] as const;

function fromRow(row: CompanyRow): Company {
  return {
    id: row.id,
    companyName: row.company_name,
    ownerName: row.owner_name,
    email: row.email,
    phone: row.phone,
    phoneNumber: row.twilio_phone_number,
  };
}

const shortText = (missing: string) =>
  z
    .string({ error: missing })
    .transform((text) => text.normalize("NFC").trim())
    .pipe(
      z
        .string()
        .min(1, { error: missing })
        .max(255, { error: "Use 255 characters or fewer" })
        // Control, format and bidirectional characters would forge what is read on pages and in logs.
        .regex(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u, {
          error: "Remove the invisible characters",
        }),
    );

/** An email as it is kept: trimmed and in lower case. */
export const emailField = shortText("Enter an email address").pipe(
  z
    .string()
    .toLowerCase()
    .regex(
      /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+\.[^\s@<>,;:"()[\]\\.]+$/,
      {
        error: "Enter an email address like name@example.com",
      },
    ),
);

/** What the sign-up form asks for. */
export const signUpFields = z
  .object({
    company_name: shortText("Enter your company's name"),
    owner_name: shortText("Enter your name"),
    phone: z
      .string({ error: "Enter a phone number like +353 86 123 4567" })
      .nullish()
      .transform((text, context) => {
        if (!text || text.trim() === "") return null;
        const parsed = parseE164(text);
        if (parsed.ok) return parsed.phoneNumber;
        context.addIssue({
          code: "custom",
          message:
            "Enter a phone number with its country code, like +353 86 123 4567",
        });
        return z.NEVER;
      }),
    email: emailField,
    password: z
      .string({ error: "Enter a password" })
      .min(1, { error: "Enter a password" })
      .min(8, { error: "Use 8 characters or more" })
      .max(256, { error: "Use 256 characters or fewer" }),
  })
  .superRefine((fields, context) => {
    if (isGuessable(fields.password, fields.company_name, fields.email)) {
      context.addIssue({
        code: "custom",
        path: ["password"],
        message: "Choose another password. This one is easy to guess.",
      });
    }
  });

export type SignUp = z.output<typeof signUpFields>;

/** Whether a password is among the commonest, or is the company's own name or email. */
export function isGuessable(
  password: string,
  companyName: string,
  email: string,
): boolean {
  const plain = password.trim().toLowerCase();
  return (
    isCommonPassword(plain) ||
    plain === companyName.trim().toLowerCase() ||
    plain === email ||
    plain === email.split("@")[0]
  );
}

/** What came of {@link signUp}. */
export type SignUpResult =
  { outcome: "signed-up"; company: Company } | { outcome: "email-taken" };

/** Makes an account; it has no phone number yet. */
export async function signUp(db: Knex, fields: SignUp): Promise<SignUpResult> {
  const passwordHash = await hashPassword(fields.password);
  const now = toDatabaseTime();
  try {
    const [row] = await db("companies")
      .insert({
        company_name: fields.company_name,
        owner_name: fields.owner_name,
        phone: fields.phone,
        email: fields.email,
        password_hash: passwordHash,
        created_at: now,
        updated_at: now,
      })
      .returning<CompanyRow[]>([...columns]);
    return { outcome: "signed-up", company: fromRow(row!) };
  } catch (error) {
    if (isUniqueViolation(error)) return { outcome: "email-taken" };
    throw error;
  }
}

/**
 * The company whose email and password these are, or undefined; an unknown email costs as much work as a wrong password.
 * An old kind of hash is replaced by the current one.
 * @param email in any case, with or without spaces around it
 */
export async function signIn(
  db: Knex,
  email: string,
  password: string,
): Promise<Company | undefined> {
  const row = await db("companies")
    .whereRaw("lower(email) = ?", email.trim().toLowerCase())
    .first<(CompanyRow & { password_hash: string }) | undefined>(
      ...columns,
      "password_hash",
    );
  const check = await verifyPassword(password, row?.password_hash);
  if (!row || check === "wrong") return undefined;
  if (check === "right-but-old-hash") {
    await db("companies")
      .where({ id: row.id, password_hash: row.password_hash })
      .update({ password_hash: await hashPassword(password) });
  }
  return fromRow(row);
}

export async function findCompany(
  db: Knex,
  id: number,
): Promise<Company | undefined> {
  const row = await db("companies")
    .where({ id })
    .first<CompanyRow | undefined>(...columns);
  return row && fromRow(row);
}
