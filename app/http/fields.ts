import type { z } from "zod";

/** Field name → what is wrong with it, one sentence. */
export type FieldErrors = Record<string, string>;

/** The key of an error that belongs to no one field. */
export const wholeForm: WholeForm = "form";
export type WholeForm = "form";

/**
 * The result of checking a form or a JSON object against a schema: the first problem of each field.
 */
export type CheckedFields<Values> =
  { ok: true; values: Values } | { ok: false; errors: FieldErrors };

/** Checks fields against a schema. Each message becomes a sentence with its full stop. */
export function checkFields<Schema extends z.ZodType>(
  schema: Schema,
  fields: Record<string, unknown>,
): CheckedFields<z.output<Schema>> {
  const result = schema.safeParse(fields);
  if (result.success) return { ok: true, values: result.data };
  const errors: FieldErrors = {};
  for (const issue of result.error.issues) {
    errors[String(issue.path[0])] ??= `${issue.message}${/[.?!]$/.test(issue.message) ? "" : "."}`;
  }
  return { ok: false, errors };
}
