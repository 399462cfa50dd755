import type { LoaderFunctionArgs } from "@remix-run/node";
import { describe, expect, test } from "vitest";
import { database, reading } from "#app/db.server.ts";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { signedInCompanies } from "../support/load.ts";
import { countQueries } from "../support/queries.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

type Loader = (args: LoaderFunctionArgs) => unknown;

const modules = import.meta.glob<{ loader?: Loader }>("/app/routes/_app*", { eager: true });

/** The loaders of a page: its own and those of the pages that it stands in, as Remix calls them together. */
function loadersOf(page: string): Loader[] {
  const parts = page.split(".");
  return parts.flatMap((_, at) => {
    const id = parts.slice(0, at + 1).join(".");
    return modules[`/app/routes/${id}.tsx`]?.loader ?? [];
  });
}

describe.each(engines)("on %s", (engine) => {
  test.for([
    ["_app.dashboard", true, 3],
    ["_app.dashboard", false, 1],
    ["_app.dashboard.choose-number", false, 3],
    ["_app.settings.phone.choose", false, 3],
    ["_app.settings.phone", true, 1],
    // One is for the pool's countries, once a minute.
    ["_app.settings.calls", true, 3],
    ["_app.settings._index", true, 3],
    ["_app.settings.security", true, 3],
    ["_app.settings.email", true, 3],
    ["_app.calls", true, 3],
  ] as const)(
    "the page %s of a company with a number (%s) makes at most %i queries",
    async ([page, hasNumber, most]) => {
      const { url } = await createMigratedDatabase(engine);
      const db = openDatabase(url);
      const [number] = await fillPool(db, 30);
      const [company] = await signedInCompanies(db, 1);
      if (hasNumber) await assignPhoneNumber(db, company!.id, number);
      useEnvironment({ DATABASE_URL: url });
      const request = new Request("http://localhost:3000/", {
        headers: { Cookie: company!.cookie },
      });
      const loaders = loadersOf(page);
      expect(loaders.length).toBeGreaterThan(0);
      const context = {};
      const load = () =>
        Promise.all(loaders.map((loader) => loader({ request, params: {}, context })));
      // On SQLite a page reads on a connection of its own, and writes nothing.
      let written = 0;
      const read = await countQueries(reading(), async () => {
        written = await countQueries(database(), load);
      });
      const count = reading() === database() ? read : read + written;
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThanOrEqual(most);
    },
  );
});
