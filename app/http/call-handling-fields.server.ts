import { database } from "#app/db.server.ts";
import {
  callHandlingFields,
  callTargetFields,
  targetFields,
} from "#app/domain/call-handling-form.server.ts";
import {
  saveCallHandling,
  whyNotRung,
  type CallHandling,
} from "#app/domain/call-handling.server.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import type { FormFields } from "#app/http/body.server.ts";
import { whyNotSaved } from "#app/http/call-handling-words.server.ts";
import { checkFields, type FieldErrors } from "#app/http/fields.ts";

/** What the Call handling form shows and sends. */

/** The fields whose values are shown again when the form is refused. */
export const shownAgain = [
  "greeting",
  "language",
  "mode",
  ...Object.values(targetFields),
  "ring_seconds",
  "take_message",
];

/** What the form would send for these settings. */
export function fieldsOf({ mode, target, ...handling }: CallHandling) {
  const shown = mode === "phone" ? formatPhoneNumber(target ?? "") : target;
  return {
    greeting: handling.greeting,
    language: handling.language,
    mode,
    ...(mode !== "message" && { [targetFields[mode]]: shown ?? "" }),
    ring_seconds: String(handling.ringSeconds),
    take_message: handling.takeMessage ? "on" : "",
  };
}

/**
 * Saves the form. @returns everything wrong with it, including what only the database knows;
 * undefined if nothing is
 */
export async function saveCallHandlingForm(
  companyId: number,
  form: FormFields,
): Promise<FieldErrors | undefined> {
  const checked = checkFields(callHandlingFields, form);
  const where = checkFields(callTargetFields, form);
  const outcome = checked.ok
    ? await saveCallHandling(database(), companyId, checked.values)
    : where.ok && (await whyNotRung(database(), where.values));
  if (outcome === "saved") return undefined;
  const errors = checked.ok ? {} : checked.errors;
  if (outcome && where.ok) {
    const field = where.values.mode === "sip" ? targetFields.sip : targetFields.phone;
    errors[field] = await whyNotSaved(outcome);
  }
  return errors;
}
