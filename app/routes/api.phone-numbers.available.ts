import { reading } from "#app/db.server.ts";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { wrongCursor } from "#app/http/api/operation.server.ts";
import { availableOperation } from "#app/http/api/phone-numbers.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";
import { jsonError } from "#app/http/answers.server.ts";

const invalid = {
  cursor: `${wrongCursor}.`,
  country: "country must be two letters (ISO 3166-1), like IE.",
};

const route = apiRoute(
  handle(availableOperation, async ({ query, answer }) => {
    const page = await listAvailable(reading(), query);
    if (!page.ok) return jsonError("invalid_query", { error: invalid[page.invalid] });
    return answer({
      numbers: page.numbers.map(({ phoneNumber, createdAt }) => ({
        phone_number: phoneNumber,
        created_at: createdAt,
      })),
      next_cursor: page.nextCursor,
    });
  }),
);
export const loader = route.loader;
export const action = route.action;
