import { operations } from "#app/http/api/document.server.ts";
import { bodyFieldsOf, parametersOf } from "#app/http/api/parameters.server.ts";
import { errorsOf, tags, type Operation } from "#app/http/api/operation.server.ts";
import { apiErrors, errorCodes } from "#app/http/api-errors.ts";
import { environment } from "#app/env.server.ts";

/** The OpenAPI document, for people. */

/** A call of the API, for a page. */
export interface ShownOperation {
  id: string;
  method: string;
  path: string;
  summary: string;
  description: string;
  /** who may make the call, as a sentence */
  who: string;
  fields: ShownField[];
  curl: string;
  /** JSON, indented; null if the answer is audio */
  answer: string | null;
  status: number;
  errors: string[];
}

/** A parameter, or a field of the body. */
export interface ShownField {
  name: string;
  place: "path" | "query" | "header" | "body";
  required: boolean;
  description: string;
}

/** The chapters of the documentation, each with its calls. */
export function reference(): { name: string; about: string; operations: ShownOperation[] }[] {
  return Object.entries(tags).map(([name, about]) => ({
    name,
    about,
    operations: operations.filter(({ tag }) => tag === name).map(shown),
  }));
}

/** Every code of an error, with its status and what it means. */
export function errorReference(): { code: string; status: number; means: string }[] {
  return errorCodes.map((code) => ({
    code,
    status: apiErrors[code].status,
    means: unmarked(apiErrors[code].means),
  }));
}

function shown(operation: Operation): ShownOperation {
  const { id, method, path, summary, description = "", answer, example } = operation;
  return {
    id,
    method,
    path,
    summary,
    description: unmarked(description),
    who: whoMay(operation),
    fields: [
      ...parametersOf(operation).map(({ name, in: place, required, description = "" }) => ({
        name,
        place,
        required,
        description: unmarked(description),
      })),
      ...bodyFieldsOf(operation).map(({ description, ...field }) => ({
        ...field,
        place: "body" as const,
        description: unmarked(description),
      })),
    ],
    curl: curlOf(operation),
    answer: answer.sound ? null : JSON.stringify({ success: true, ...example.answer }, null, 2),
    status: answer.status,
    errors: errorsOf(operation),
  };
}

/**
 * Text of the document, which is CommonMark, as plain text: it marks names with backquotes, and
 * nothing else.
 */
const unmarked = (text: string) => text.replaceAll("`", "");

function whoMay({ who }: Operation): string {
  if (who === "anyone") return "Anybody.";
  if (who === "session") return "A session; no token.";
  return who === "any-token" ? "A session, or any token." : `A session, or a token with ${who}.`;
}

/**
 * The documented example as a command line. `$TOKEN` is an API token; a session is kept in the file
 * `jar`.
 */
export function curlOf(operation: Operation): string {
  const { method, path, who, body, keeps, answer, example } = operation;
  const address = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => example.params?.[name] ?? "");
  const query = new URLSearchParams(example.query).toString();
  const parts = [
    ["curl -s", method === "PUT" || method === "DELETE" ? `-X ${method}` : ""],
    [who === "session" || who === "anyone" ? "-b jar -c jar" : `-H "Authorization: Bearer $TOKEN"`],
    [keeps ? `-H "Idempotency-Key: $(uuidgen)"` : ""],
    // Without a body, curl has to be told that it is a POST.
    [body ? "-H 'Content-Type: application/json'" : method === "POST" ? "-X POST" : ""],
    [body ? `-d '${JSON.stringify(example.body)}'` : ""],
    [answer.sound ? "-o message.mp3" : ""],
    [`'${environment().PUBLIC_URL}${address}${query && `?${query}`}'`],
  ];
  return parts
    .map((words) => words.filter((word) => word !== "").join(" "))
    .filter((line) => line !== "")
    .join(" \\\n  ");
}
