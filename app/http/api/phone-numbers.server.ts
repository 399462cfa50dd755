import { z } from "zod";
import { callingCodeOf, isPartOfNumber, partOfNumber } from "#app/domain/e164.ts";
import { numberKinds } from "#app/domain/number-facts.ts";
import {
  answerOf,
  cursor,
  e164,
  namedSchemas,
  operation,
  time,
  wholeNumber,
} from "#app/http/api/operation.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import { checkFields } from "#app/http/fields.ts";

/** The available numbers, and the company's own. */

const digits = (name: string, description: string) =>
  z
    .string()
    .max(40, { error: `${name} must be 40 characters or fewer` })
    .refine(isPartOfNumber, { error: `${name} must be digits` })
    .transform((text) => partOfNumber(text).replace("+", ""))
    .optional()
    .meta({ description });

const contains = digits("contains", "Digits that stand together anywhere in the number");

const available = z
  .object({ phone_number: e164, created_at: time })
  .register(namedSchemas, { id: "AvailableNumber" });

export const availableOperation = operation({
  id: "listAvailableNumbers",
  method: "GET",
  path: "/api/phone-numbers/available",
  tag: "Phone numbers",
  summary: "List the available numbers",
  description:
    "Those that have been available longest come first. Pages by cursor repeat no number and skip none that stays available, whatever others take meanwhile.",
  who: "numbers:read",
  query: z.object({
    limit: wholeNumber("limit", 1, 1000)
      .default(100)
      .meta({ description: "Numbers per page; by default 100" }),
    cursor,
    contains,
    starts: digits("starts", "Digits that the number begins with, its country code first"),
    ends: digits("ends", "Digits that the number ends with"),
    country: z.string().optional().meta({ description: "Two letters (ISO 3166-1), like IE" }),
    kind: z
      .enum(numberKinds, { error: `kind must be one of ${numberKinds.join(", ")}` })
      .optional()
      .meta({ description: "`mobile` includes North American numbers that may be either" }),
    memorable: z
      .enum(["0", "1"], { error: "memorable must be 1 or 0" })
      .transform((value) => value === "1")
      .optional()
      .meta({ description: "1: only numbers that are easy to remember" }),
  }),
  answer: {
    status: 200,
    schema: answerOf({
      numbers: z.array(available),
      next_cursor: z.string().nullable().meta({ description: "null on the last page" }),
    }),
  },
  example: {
    query: { limit: "3", country: "GB" },
    answer: {
      numbers: [{ phone_number: "+441614960123", created_at: "2026-11-22T10:00:00Z" }],
      next_cursor: null,
    },
  },
});

const named = z.object({
  phone_number: z
    .string()
    .refine((text) => text.trim() !== "")
    .meta({ description: "An available number, in international format" }),
  first_available: z.literal(false).nullish(),
});

const first = z.object({
  first_available: z.literal(true).meta({
    description: "Takes the number that has been available longest, among those asked for",
  }),
  phone_number: z.null({ error: "Leave it out, or first_available" }).optional(),
  country: z
    .string()
    .refine((country) => callingCodeOf(country) !== undefined, {
      error: "country must be two letters, like IE",
    })
    .optional()
    .meta({ description: "Two letters (ISO 3166-1), like IE" }),
  contains,
});

export const assignOperation = operation({
  id: "assignNumber",
  method: "POST",
  path: "/api/phone-numbers/assign",
  tag: "Phone numbers",
  summary: "Take a number, for ever",
  description:
    "Either the named number or the first available. A client that was cut off and asks again is told `company_already_has_phone_number` with the number or, with the same Idempotency-Key, gets the first answer again.",
  who: "numbers:assign",
  body: z.union([named, first]),
  refusal: (body) => {
    const checked = checkFields(first, body);
    return body.first_available === true && !checked.ok
      ? jsonError("invalid_fields", { fields: checked.errors })
      : jsonError("phone_number_required");
  },
  answer: {
    status: 200,
    schema: answerOf({
      message: z.literal("Phone number assigned successfully"),
      phone_number: e164,
    }),
  },
  errors: [
    "phone_number_required",
    "phone_number_not_available",
    "company_already_has_phone_number",
    "assignment_budget",
    "email_not_verified",
  ],
  keeps: ["phone_number_not_available", "company_already_has_phone_number"],
  example: {
    body: { phone_number: "+441614960123" },
    answer: {
      message: "Phone number assigned successfully",
      phone_number: "+441614960123",
    },
  },
});

export const currentOperation = operation({
  id: "getCurrentNumber",
  method: "GET",
  path: "/api/phone-numbers/current",
  tag: "Phone numbers",
  summary: "The company's number",
  who: "numbers:read",
  answer: {
    status: 200,
    schema: answerOf({ phone_number: e164.nullable(), has_phone: z.boolean() }),
  },
  example: { answer: { phone_number: "+441614960123", has_phone: true } },
});
