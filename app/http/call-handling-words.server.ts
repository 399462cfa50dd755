import { database } from "#app/db.server.ts";
import { dialCountries } from "#app/domain/call-targets.server.ts";
import type { SavedCallHandling } from "#app/domain/call-handling.server.ts";

/** Why call handling was not saved, for whoever typed where calls shall go. */
export async function whyNotSaved(outcome: Exclude<SavedCallHandling, "saved">): Promise<string> {
  return outcome === "rings-the-pool"
    ? "This is one of the numbers that calls come in on, so it would ring itself. Enter another."
    : `Calls go to phones in these countries only: ${countryNames(await dialCountries(database())).join(", ")}.`;
}

const names = new Intl.DisplayNames("en", { type: "region" });

/** The names of countries, in their order. */
export function countryNames(codes: readonly string[]): string[] {
  return codes.map((code) => names.of(code) ?? code).sort();
}
