import { database } from "#app/db.server.ts";
import { dialCountries } from "#app/domain/call-targets.server.ts";
import type { NotRung } from "#app/domain/call-handling.server.ts";
import { namesOf } from "#app/http/call-handling-fields.server.ts";

/** Why call handling was not saved, for whoever typed where calls shall go. */
export async function whyNotSaved(outcome: NotRung): Promise<string> {
  return outcome === "rings-the-pool"
    ? "This is one of the numbers that calls come in on, so it would ring itself. Enter another."
    : `Calls go to phones in these countries only: ${namesOf(await dialCountries(database())).join(", ")}.`;
}
