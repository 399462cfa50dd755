import { z } from "zod";
import { namedSchemas } from "#app/http/api/operation.server.ts";

/** Schemas as the OpenAPI document has them: JSON Schema 2020-12. */

export type Json = Record<string, unknown>;

/** A reference to a component of the document. */
export const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });

/** The schemas that have a name. */
export function named(): Json {
  const { schemas } = z.toJSONSchema(namedSchemas, {
    uri: (name) => ref("schemas", name).$ref,
    override: ({ jsonSchema }) => withoutSafeLimits(jsonSchema),
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, withoutIdentity(schema)]),
  );
}

/** A schema as it stands in a document, with references to the named ones. */
export function plain(schema: z.ZodType, io: "input" | "output"): Json {
  return withoutIdentity(
    z.toJSONSchema(schema, {
      io,
      unrepresentable: "any",
      override: ({ zodSchema, jsonSchema }) => {
        withoutSafeLimits(jsonSchema);
        const named = namedSchemas.get(zodSchema);
        if (!named) return;
        for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
        Object.assign(jsonSchema, ref("schemas", named.id));
      },
    }),
  );
}

// zod gives every whole number the limits of a double, which tell a reader nothing.
function withoutSafeLimits(schema: Json): void {
  if (schema["maximum"] === Number.MAX_SAFE_INTEGER) delete schema["maximum"];
  if (schema["minimum"] === Number.MIN_SAFE_INTEGER) delete schema["minimum"];
}

function withoutIdentity(schema: Json): Json {
  const identity = ["$schema", "$id", "id"];
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !identity.includes(key)));
}
