import { z } from "zod";
import { reading } from "#app/db.server.ts";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { isPartOfNumber, partOfNumber } from "#app/domain/e164.ts";
import { numberKinds } from "#app/domain/number-facts.ts";
import { apiRoute } from "#app/http/api-route.server.ts";
import { checkFields } from "#app/http/fields.ts";
import { json, jsonError } from "#app/http/answers.server.ts";
import { requireCompanyForApi } from "#app/http/session.server.ts";

const wholeNumber = "limit must be a whole number from 1 to 1000";

const digits = (name: string) =>
  z
    .string()
    .max(40, { error: `${name} must be 40 characters or fewer` })
    .refine(isPartOfNumber, { error: `${name} must be digits` })
    .transform((text) => partOfNumber(text).replace("+", ""))
    .optional();

const queryFields = z.object({
  limit: z
    .string()
    .regex(/^\d{1,4}$/, { error: wholeNumber })
    .transform(Number)
    .pipe(z.number().min(1, { error: wholeNumber }).max(1000, { error: wholeNumber }))
    .default(100),
  cursor: z.string().max(255, { error: "cursor is not valid" }).optional(),
  contains: digits("contains"),
  starts: digits("starts"),
  ends: digits("ends"),
  country: z.string().optional(),
  kind: z.enum(numberKinds, { error: `kind must be one of ${numberKinds.join(", ")}` }).optional(),
  memorable: z
    .enum(["0", "1"], { error: "memorable must be 1 or 0" })
    .transform((value) => value === "1")
    .optional(),
});

const route = apiRoute({
  GET: async (asked) => {
    await requireCompanyForApi(asked);
    // An empty value is how a form or a template says "none".
    const given = [...new URL(asked.request.url).searchParams].filter(([, value]) => value !== "");
    const query = checkFields(queryFields, Object.fromEntries(given));
    if (!query.ok) return jsonError("invalid_query", { error: Object.values(query.errors)[0] });
    const page = await listAvailable(reading(), query.values);
    if (!page.ok) return jsonError("invalid_query", { error: `${page.invalid} is not valid` });
    return json({
      numbers: page.numbers.map(({ phoneNumber, createdAt }) => ({
        phone_number: phoneNumber,
        created_at: createdAt,
      })),
      next_cursor: page.nextCursor,
    });
  },
});
export const loader = route.loader;
export const action = route.action;
