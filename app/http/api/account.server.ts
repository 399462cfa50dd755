import { z } from "zod";
import { signUpFields, type Company } from "#app/domain/companies.server.ts";
import { answerOf, e164, namedSchemas, operation } from "#app/http/api/operation.server.ts";
import { jsonError } from "#app/http/answers.server.ts";

/** Signing up, in and out through the API. */

const company = z
  .object({
    id: z.int(),
    company_name: z.string(),
    owner_name: z.string(),
    email: z.string(),
    phone: z.string().nullable().meta({ description: "How to reach the owner" }),
    twilio_phone_number: e164.nullable().meta({ description: "The company's number for ever" }),
  })
  .register(namedSchemas, { id: "Company" });

/** A company as the JSON API shows it. */
export function companyJson(shown: Company): z.input<typeof company> {
  return {
    id: shown.id,
    company_name: shown.companyName,
    owner_name: shown.ownerName,
    email: shown.email,
    phone: shown.phone,
    twilio_phone_number: shown.phoneNumber,
  };
}

const acme = {
  company_name: "Acme",
  owner_name: "Ann Acme",
  phone: "+353861234567",
  email: "ann@acme.test",
};
const example = {
  answer: { company: { id: 1, ...acme, twilio_phone_number: null } },
};
const password = "a long quiet evening";

export const signUpOperation = operation({
  id: "signUp",
  method: "POST",
  path: "/api/signup",
  tag: "Account",
  summary: "Make an account",
  description: "Signs the new company in: the answer sets the session cookie.",
  who: "anyone",
  body: signUpFields,
  answer: { status: 201, schema: answerOf({ company }) },
  errors: ["email_taken"],
  example: { ...example, body: { ...acme, password } },
});

export const logInOperation = operation({
  id: "logIn",
  method: "POST",
  path: "/api/login",
  tag: "Account",
  summary: "Sign in",
  description: "The answer sets the session cookie.",
  who: "anyone",
  body: z.object({ email: z.string(), password: z.string() }),
  refusal: () => jsonError("invalid_fields", { error: "Email and password are required" }),
  answer: { status: 200, schema: answerOf({ company }) },
  errors: ["not_authenticated", "account_closed"],
  example: { ...example, body: { email: acme.email, password } },
});

export const logOutOperation = operation({
  id: "logOut",
  method: "POST",
  path: "/api/logout",
  tag: "Account",
  summary: "Sign out",
  description: "The session is over wherever its cookie is. Without a session nothing happens.",
  who: "anyone",
  answer: { status: 200, schema: answerOf({}) },
  example: { answer: {} },
});

export const sessionOperation = operation({
  id: "getSession",
  method: "GET",
  path: "/api/session",
  tag: "Account",
  summary: "Which company this is",
  who: "any-token",
  answer: { status: 200, schema: answerOf({ company }) },
  example,
});
