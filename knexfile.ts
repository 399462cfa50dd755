import type { Knex } from "knex";
import { databaseConfig } from "./app/db.server.ts";
import { environment } from "./app/env.server.ts";
import { migrationConfig } from "./app/migrate.server.ts";

// For Knex's own command line, `npm run knex -- migrate:status`.
const config: Knex.Config = {
  ...databaseConfig(environment().DATABASE_URL, { statementTimeout: 0 }),
  migrations: migrationConfig,
  seeds: { directory: "./seeds", loadExtensions: [".ts"], extension: "ts" },
};

export default config;
