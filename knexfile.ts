import type { Knex } from "knex";
import { migrationConfig } from "./app/migrate.server.ts";
import { createDatabase } from "./app/db.server.ts";
import { environment } from "./app/env.server.ts";

// For Knex's own command line (`npm run migrate`, `npx knex seed:run`); the program opens its databases in app/db.server.ts.
const config: Knex.Config = {
  ...createDatabase(environment().DATABASE_URL, { statementTimeout: 0 }).client.config,
  migrations: migrationConfig,
  seeds: { directory: "./seeds", loadExtensions: [".ts"], extension: "ts" },
};

export default config;
