import { deflateRawSync, inflateRawSync } from "node:zlib";
import { bodyLimit, type FormFields } from "#app/http/body.server.ts";
import { ownCookie } from "#app/http/own-cookie.server.ts";
import type { SentForm } from "#app/http/page.server.ts";
import type { Asked } from "#app/server/exchange.server.ts";

/**
 * What was typed into a form sent after the session had ended: the browser keeps it, packed in a
 * cookie, until its owner has logged in again and sees the form. Never a secret, and shown only to
 * the company it was for.
 */

/** The field of a form that says whose page it is on: a company's id. */
export const formOwner = "form_owner";

/** Seconds. */
const keptFor = 30 * 60;
/** Characters; browsers drop cookies of 4096 and more. */
const mostKept = 3_800;

function keptCookie(path: string) {
  return ownCookie("kept-form", {
    maxAge: keptFor,
    path,
    encode: (text) => text,
    decode: (text) => text,
  });
}

/**
 * The headers that make the browser keep the form's `fields`, unless they are too large for a
 * cookie.
 */
export async function keepForm(
  { form, request }: Pick<SentForm, "form" | "request">,
  fields: readonly string[],
): Promise<Record<string, string>> {
  const values = [...fields, formOwner].map((field) => [field, form[field] ?? ""]);
  const packed = deflateRawSync(JSON.stringify(Object.fromEntries(values))).toString("base64url");
  const cookie = await keptCookie(new URL(request.url).pathname).serialize(packed);
  return cookie.length > mostKept ? {} : { "Set-Cookie": cookie };
}

/**
 * What was kept of a form on the requested page, if it is the company's, and the headers that
 * discard it.
 */
export async function takeKeptForm(
  { request }: Asked,
  companyId: number,
): Promise<{ values: FormFields | undefined; headers: Record<string, string> }> {
  const cookie = keptCookie(new URL(request.url).pathname);
  const packed: unknown = await cookie.parse(request.headers.get("Cookie"));
  if (typeof packed !== "string") return { values: undefined, headers: {} };
  const values = unpacked(packed);
  return {
    values: values?.[formOwner] === String(companyId) ? values : undefined,
    headers: { "Set-Cookie": await cookie.serialize("", { maxAge: 0 }) },
  };
}

function unpacked(packed: string): FormFields | undefined {
  try {
    const json = inflateRawSync(Buffer.from(packed, "base64url"), { maxOutputLength: bodyLimit });
    const fields = Object.entries(JSON.parse(json.toString()) as Record<string, unknown>);
    return Object.fromEntries(fields.map(([name, value]) => [name, String(value)]));
  } catch {
    return undefined;
  }
}
