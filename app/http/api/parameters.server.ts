import type { z } from "zod";
import { plain, type Json } from "#app/http/api/json-schema.server.ts";
import type { Operation } from "#app/http/api/operation.server.ts";

/**
 * What an operation takes: the parameters of its path, query and headers, and the fields of its
 * body.
 */

/** A parameter, as the document has it. */
export interface Parameter extends Json {
  name: string;
  in: "path" | "query" | "header";
  required: boolean;
  description?: string;
}

/** The parameters of an operation: of its path, its query and its headers. */
export function parametersOf({ params, query, keeps, example }: Operation): Parameter[] {
  const parameters = (
    schema: z.ZodObject,
    place: "path" | "query",
    examples: Record<string, string> = {},
  ): Parameter[] => {
    const { properties = {}, required = [] } = plain(schema, "input") as {
      properties?: Record<string, Json>;
      required?: string[];
    };
    return Object.entries(properties).map(([name, { description, ...property }]) => ({
      name,
      in: place,
      required: place === "path" || required.includes(name),
      ...(typeof description === "string" && { description }),
      schema: property,
      ...(examples[name] !== undefined && {
        example: property["type"] === "integer" ? Number(examples[name]) : examples[name],
      }),
    }));
  };
  return [
    ...(params ? parameters(params, "path", example.params) : []),
    ...(query ? parameters(query, "query", example.query) : []),
    ...(keeps
      ? [
          {
            name: "Idempotency-Key",
            in: "header" as const,
            required: false,
            description:
              "A repeat of the request with its key gets the first answer again, for 24 hours",
            schema: { type: "string", minLength: 1, maxLength: 255 },
            example: "8e03978e-40d5-43e8-bc93-6894a57f9324",
          },
        ]
      : []),
  ];
}

/**
 * The fields of an operation's body; where the body has several variants, the fields of all of
 * them.
 */
export function bodyFieldsOf({
  body,
}: Operation): { name: string; required: boolean; description: string }[] {
  if (!body) return [];
  const { anyOf, ...only } = plain(body, "input") as BodySchema & { anyOf?: BodySchema[] };
  const kinds = anyOf ?? [only];
  const fields = new Map<string, { name: string; required: boolean; description: string }>();
  for (const { properties = {}, required = [] } of kinds) {
    for (const [name, { description = "" }] of Object.entries(properties)) {
      const always = kinds.length === 1 && required.includes(name);
      if (!fields.get(name)?.description) fields.set(name, { name, required: always, description });
    }
  }
  return [...fields.values()];
}

interface BodySchema {
  properties?: Record<string, { description?: string }>;
  required?: string[];
}
