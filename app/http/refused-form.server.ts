import { data, type AppLoadContext } from "@remix-run/node";
import type { FormFields } from "#app/http/body.server.ts";
import { faultAnswer } from "#app/http/faults.server.ts";
import { wholeForm, type FieldErrors } from "#app/http/fields.ts";
import type { SentForm } from "#app/http/page.server.ts";

/** A refused form: what is wrong with it, and what was typed, to be shown again. */
export interface RefusedForm {
  errors: FieldErrors;
  values: FormFields;
}

type Sent = Pick<SentForm, "form" | "context">;

/** @param fields those whose values are shown again; never the password */
export function refuseForm(
  { form, context }: Sent,
  fields: readonly string[],
  status: number,
  errors: FieldErrors,
  headers: Record<string, string> = {},
) {
  markRefused(context);
  // The password is never shown again, and comes last.
  const place = (field: string) => fields.indexOf(field) + 1 || fields.length + 1;
  const values: FormFields = {};
  for (const field of fields) values[field] = form[field] ?? "";
  const inOrder = Object.fromEntries(
    Object.entries(errors).toSorted(([one], [other]) => place(one) - place(other)),
  );
  return data<RefusedForm>({ errors: inOrder, values }, { status, headers });
}

/**
 * Shows an unexpected error, or a limit that was reached, at the top of the form, so that nothing
 * typed is lost.
 */
export function refuseFormFor(error: unknown, sent: Sent, fields: readonly string[]) {
  const { status, message, headers } = faultAnswer(sent.context, error);
  return refuseForm(sent, fields, status, { [wholeForm]: message }, headers);
}

/** Tells the loaders of this answer that its form was refused, so that the page's title says so. */
export function markRefused(context: AppLoadContext): void {
  context.formRefused = true;
}
