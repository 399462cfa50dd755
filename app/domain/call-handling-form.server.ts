import { z } from "zod";
import { callModes, type CallHandling, type CallMode } from "#app/domain/call-handling.server.ts";
import { checkTarget } from "#app/domain/call-targets.server.ts";
import { spokenLanguages } from "#app/domain/spoken-language.ts";
import { holdsForgingMarks, withoutStrayMarks } from "#app/domain/written-text.ts";

/** The form in which a company says how it wants its calls handled. */

const ringSecondsError = "Enter how many seconds to ring, from 5 to 60";

const target = (max: number) =>
  z
    .string()
    .transform(withoutStrayMarks)
    .pipe(z.string().max(max, { error: `Use ${max} characters or fewer` }))
    .default("");

const callFields = z
  .object({
    greeting: z
      .string({ error: "Enter a greeting" })
      .transform((text) => withoutStrayMarks(text.replace(/\r\n?/g, "\n")))
      .pipe(
        z
          .string()
          .max(500, { error: "Use 500 characters or fewer" })
          .refine((text) => !holdsForgingMarks(text.replace(/[\n\t]/g, "")), {
            error: "Remove the invisible characters",
          }),
      ),
    ring_seconds: z
      .string({ error: ringSecondsError })
      .trim()
      .regex(/^\d{1,2}$/, { error: ringSecondsError })
      .transform(Number)
      .pipe(z.number().min(5, { error: ringSecondsError }).max(60, { error: ringSecondsError })),
    take_message: z
      .string()
      .optional()
      .transform((checked) => checked !== undefined),
    language: z.enum(spokenLanguages, { error: "Choose a language from the list" }).optional(),
  })
  .transform((fields) => ({
    greeting: fields.greeting,
    ringSeconds: fields.ring_seconds,
    takeMessage: fields.take_message,
    language: fields.language,
  }));

/** The half of {@link callHandlingFields} that says where calls go. */
export const callTargetFields = z
  .object({
    mode: z.enum(callModes, { error: "Choose what happens to a call" }),
    phone: target(40),
    sip_address: target(255),
    stream_url: target(1000),
  })
  .transform((fields, context): Pick<CallHandling, "mode" | "target"> => {
    const { mode } = fields;
    if (mode === "message") return { mode, target: null };
    const field = targetFields[mode];
    const checked = checkTarget[mode](fields[field]);
    if ("target" in checked) return { mode, ...checked };
    context.addIssue({ code: "custom", path: [field], message: checked.error });
    return z.NEVER;
  });

/**
 * The form. All of it is always sent, and the chosen mode's target counts; `take_message` is a
 * checkbox. The result is a `WantedHandling`. It is in two halves so that each reports its errors
 * whatever is wrong with the other.
 */
export const callHandlingFields = z.intersection(callTargetFields, callFields);

/** The form field that holds the target of a mode. */
export const targetFields = {
  phone: "phone",
  sip: "sip_address",
  stream: "stream_url",
} as const satisfies Record<Exclude<CallMode, "message">, string>;
