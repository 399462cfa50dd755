import { z } from "zod";
import { apiErrors, type ErrorCode } from "#app/http/api-errors.ts";
import { apiDocument, errorSchema } from "#app/http/api/document.server.ts";

/** Checks answers of the JSON API against the OpenAPI document. */

interface Content {
  content: { "application/json": { schema: object } };
}
interface Document {
  paths: Record<string, Record<string, { responses: Record<string, Content> }>>;
  components: { schemas: object };
}

const document = apiDocument() as unknown as Document;
const schemas = new Map<string, z.ZodType>();

// A standalone schema needs the schemas that it refers to beside it.
function schemaOf(place: string, { content }: Content): z.ZodType {
  let schema = schemas.get(place);
  if (!schema) {
    const whole = { ...content["application/json"].schema, $defs: document.components.schemas };
    const text = JSON.stringify(whole).replaceAll("#/components/schemas/", "#/$defs/");
    schema = z.fromJSONSchema(JSON.parse(text) as z.core.JSONSchema.JSONSchema);
    schemas.set(place, schema);
  }
  return schema;
}

const paths = Object.keys(document.paths).map((path) => ({
  path,
  pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}/?$`),
}));

/** Errors that no operation gives, only the API itself if a path or a method has none. */
const ofNoOperation: ErrorCode[] = ["not_found", "method_not_allowed", "cross_site"];

/**
 * @param path without a query
 * @throws if the answer does not match the document
 */
export function expectDocumented(
  method: string,
  path: string,
  status: number,
  headers: Headers,
  text: string,
): void {
  const said = `${method} ${path} answered ${status} ${text.slice(0, 500)}`;
  // Under remix-serve our server's headers are missing.
  const isOurs = headers.has("X-Content-Type-Options");
  if (isOurs && !headers.has("X-Request-Id")) throw new Error(`${said} without X-Request-Id`);
  const body: unknown = JSON.parse(text);
  const { code } = body as { code?: ErrorCode };
  if (code !== undefined && apiErrors[code]?.status !== status) {
    throw new Error(`${said}: another status than its code has`);
  }
  const found = paths.find(({ pattern }) => pattern.test(path))?.path ?? "";
  const operation = document.paths[found]?.[method.toLowerCase()];
  const response = operation?.responses[String(status)];
  const schema = response
    ? schemaOf(`${method} ${found} ${status}`, response)
    : !operation && code && ofNoOperation.includes(code)
      ? errorSchema(code).strict()
      : undefined;
  if (!schema) throw new Error(`${said}, which is not documented`);
  const checked = schema.safeParse(body);
  if (!checked.success) throw new Error(`${said}: ${z.prettifyError(checked.error)}`);
}
