import { z } from "zod";
import { isCommonPassword } from "#app/domain/common-passwords.server.ts";
import { asHashed } from "#app/domain/passwords.server.ts";

/** The rules for a new password; when signing in, anything may be tried. */

const characters = (password: string) => Array.from(asHashed(password)).length;

/**
 * 8 to 256 characters as Unicode counts them, of any kind. See {@link isGuessable} for what else is
 * refused.
 */
export const newPasswordField = z
  .string({ error: "Enter a password" })
  .min(1, { error: "Enter a password" })
  .refine((password) => characters(password) >= 8, { error: "Use 8 characters or more" })
  .refine((password) => characters(password) <= 256, { error: "Use 256 characters or fewer" });

/** A form that sets a new password; `names` are the account's, as {@link isGuessable} has them. */
export const passwordFor = (names: readonly string[]) =>
  z.object({
    password: newPasswordField.refine((password) => !isGuessable(password, names), {
      error: guessable,
    }),
  });

/** The error for a password that {@link isGuessable}. */
export const guessable = "Choose another password. This one is easy to guess.";

/**
 * Whether a password is one character repeated, among the commonest, or one of the account's own
 * names.
 * @param names the company's, the owner's, the email: in any spelling
 */
export function isGuessable(password: string, names: readonly string[]): boolean {
  const plain = asHashed(password).trim().toLowerCase();
  const letters = lettersOf(password);
  return (
    new Set(plain).size < 2 ||
    isCommonPassword(plain) ||
    isCommonPassword(letters) ||
    names
      .flatMap((name) => [name, name.split("@")[0]!])
      .some((name) => (letters === "" ? plain === name.toLowerCase() : letters === lettersOf(name)))
  );
}

/** The letters and digits, without case, diacritics, and what stands between them. */
function lettersOf(text: string): string {
  return text
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "");
}
