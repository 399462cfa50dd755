import type { Knex } from "knex";
import { isPostgres } from "#app/db.server.ts";
import { createTestDatabase, openDatabase, type Engine } from "./databases.ts";

/** The previous system's tables, as its databases have them, and rows that obey the rules. */

export interface LegacyOptions {
  /** SQLite only: `twilio_phone_number` was added by ALTER TABLE, without UNIQUE */
  upgraded?: boolean;
  /** the type of each column that holds a time */
  time?: string;
  /** PostgreSQL only: ids are SERIAL and references to them INTEGER */
  serial?: boolean;
}

/** Makes a test a database with the tables, empty. */
export async function openLegacyDatabase(engine: Engine, options?: LegacyOptions): Promise<Knex> {
  const { url } = await createTestDatabase(engine);
  const db = openDatabase(url, { statementTimeout: 0 });
  await createLegacyTables(db, options);
  return db;
}

/** Makes the tables, empty, and two neighbouring ones. */
export async function createLegacyTables(
  db: Knex,
  { upgraded = false, time = "TIMESTAMP", serial = false }: LegacyOptions = {},
): Promise<void> {
  const postgres = isPostgres(db);
  const id = postgres
    ? `${serial ? "SERIAL" : "BIGSERIAL"} PRIMARY KEY`
    : "INTEGER PRIMARY KEY AUTOINCREMENT";
  const reference = postgres && !serial ? "BIGINT" : "INTEGER";
  const statements = [
    `CREATE TABLE companies (
       id ${id}, company_name TEXT NOT NULL, owner_name TEXT NOT NULL, phone TEXT, email TEXT UNIQUE NOT NULL,
       password_hash TEXT NOT NULL, trade_type TEXT, address TEXT, logo_url TEXT, business_hours TEXT,
       subscription_tier TEXT DEFAULT 'free', subscription_status TEXT DEFAULT 'active', stripe_customer_id TEXT,
       is_verified INTEGER DEFAULT 0, verification_token TEXT, reset_token TEXT, reset_token_expires TIMESTAMP,
       last_login TIMESTAMP, ${upgraded ? "" : "twilio_phone_number TEXT UNIQUE,"}
       openai_api_key TEXT, deepgram_api_key TEXT, elevenlabs_api_key TEXT, elevenlabs_voice_id TEXT,
       google_calendar_id TEXT, google_credentials_json TEXT,
       ai_enabled ${postgres ? "BOOLEAN DEFAULT true" : "INTEGER DEFAULT 1"},
       created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)`,
    ...(upgraded ? ["ALTER TABLE companies ADD COLUMN twilio_phone_number TEXT"] : []),
    `CREATE TABLE twilio_phone_numbers (
       id ${id}, phone_number TEXT UNIQUE NOT NULL,
       assigned_to_company_id ${reference} REFERENCES companies(id) ON DELETE SET NULL, assigned_at TIMESTAMP,
       status TEXT DEFAULT 'available' CHECK (status IN ('available', 'assigned')),
       created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)`,
    "CREATE INDEX idx_twilio_phone_numbers_status ON twilio_phone_numbers(status)",
    "CREATE INDEX idx_twilio_phone_numbers_company ON twilio_phone_numbers(assigned_to_company_id)",
    `CREATE TABLE clients (
       id ${id}, company_id ${reference} REFERENCES companies(id) ON DELETE CASCADE, name TEXT NOT NULL, phone TEXT)`,
    `CREATE TABLE call_logs (
       id ${id}, company_id ${reference} REFERENCES companies(id), call_sid TEXT UNIQUE, duration_seconds INTEGER,
       created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)`,
  ];
  for (const statement of statements) {
    await db.raw(statement.replaceAll(/\bTIMESTAMP\b(?!')/g, time));
  }
}

/** Company `id`'s number in {@link addLegacyRows}, in E.164. */
export const legacyNumber = (companyId: number) => `+35386111000${companyId}`;

/**
 * Companies 1 and 2 with a number each (ids 1 and 2), 3 and 4 without, and number 3, which is
 * available.
 */
export async function addLegacyRows(db: Knex): Promise<void> {
  const yes = isPostgres(db) ? "true" : "1";
  const statements = [
    `insert into companies (company_name, owner_name, phone, email, password_hash, trade_type, address, logo_url,
       business_hours, subscription_tier, stripe_customer_id, is_verified, reset_token, reset_token_expires, last_login,
       twilio_phone_number, openai_api_key, elevenlabs_voice_id, google_credentials_json, ai_enabled, created_at, updated_at)
     values ('Byrne & Daughters', 'Aoife Byrne', '+353 1 555 0101', 'Aoife@Byrne.example', 'x', 'plumber', '1 Quay St', null,
       '{"mon":"9-17"}', 'pro', 'cus_1', 1, 'reset', '2024-03-10 02:30:00', '2024-03-09 23:59:59',
       '${legacyNumber(1)}', 'sk-1', 'voice', '{"a": 1}', ${yes}, '2024-01-01 00:00:00', '2024-01-02 00:00:00')`,
    `insert into companies (company_name, owner_name, email, password_hash, twilio_phone_number, created_at, updated_at)
     values ('Ó Sé Electric', 'Máire Ó Sé', 'maire@ose.example', 'x', '${legacyNumber(2)}', null, null),
            ('Kelly Roofing', 'Tom Kelly', 'tom@kelly.example', 'x', null, '2024-02-01 10:00:00', '2024-02-01 10:00:00'),
            ('Walsh Gardens', 'Ann Walsh', 'ann@walsh.example', 'x', null, '2024-02-02 10:00:00', '2024-02-02 10:00:00')`,
    `insert into twilio_phone_numbers (phone_number, assigned_to_company_id, assigned_at, status, created_at)
     values ('${legacyNumber(1)}', 1, '2024-01-01 12:34:56', 'assigned', '2023-12-01 00:00:00'),
            ('${legacyNumber(2)}', 2, '2024-01-02 12:34:56', 'assigned', null),
            ('${legacyNumber(3)}', null, null, 'available', '2023-12-03 00:00:00')`,
    "insert into clients (company_id, name, phone) values (1, 'Niamh', '087 1'), (3, 'Séan', null)",
    "insert into call_logs (company_id, call_sid, duration_seconds) values (1, 'CA1', 61)",
  ];
  for (const statement of statements) await db.raw(statement);
}

/** SQL that adds number 70. */

export const insertNumber = (text: string, status = "'available'", owner = "null") =>
  `insert into twilio_phone_numbers (id, phone_number, status, assigned_to_company_id, assigned_at)
   values (70, '${text}', ${status}, ${owner}, ${owner === "null" ? "null" : "'2024-05-05 05:05:05'"})`;
/** SQL that gives a company a number. */
export const setCompany = (id: number, text: string | null) =>
  `update companies set twilio_phone_number = ${text === null ? "null" : `'${text}'`} where id = ${id}`;

/**
 * Adds `count` companies, every other one with a number of its own, and `count` numbers, all
 * undamaged.
 */
export async function addManyLegacyRows(db: Knex, count: number): Promise<void> {
  const series = isPostgres(db)
    ? `select generate_series(1, ${count}) as i`
    : `with recursive s(i) as (select 1 union all select i + 1 from s where i < ${count}) select i from s`;
  const number = "'+35386' || (1000000 + i)";
  await db.raw(
    `insert into companies (company_name, owner_name, email, password_hash, twilio_phone_number)
     select 'Company ' || i, 'Owner ' || i, 'Owner' || i || '@company.example', 'x',
            case when i % 2 = 0 then ${number} end from (${series}) as series`,
  );
  await db.raw(
    `insert into twilio_phone_numbers (phone_number, assigned_to_company_id, assigned_at, status)
     select ${number}, case when i % 2 = 0 then i end,
            ${isPostgres(db) ? "case when i % 2 = 0 then timestamp '2024-01-01 00:00:00' end" : "case when i % 2 = 0 then '2024-01-01 00:00:00' end"},
            case when i % 2 = 0 then 'assigned' else 'available' end from (${series}) as series`,
  );
}

/** Everything in a database except Knex's own tables: the definitions, and the rows by table. */
export interface Contents {
  schema: string[];
  rows: Record<string, Record<string, unknown>[]>;
}

export async function readContents(db: Knex): Promise<Contents> {
  const schema = isPostgres(db)
    ? (
        await db.raw<{ rows: { definition: string }[] }>(
          `select definition from (
             select format('%s.%s %s %s', table_name, column_name, data_type, column_default) as definition, table_name
               from information_schema.columns where table_schema = 'public'
             union all select indexdef, tablename from pg_indexes where schemaname = 'public'
             union all select pg_get_constraintdef(oid), conrelid::regclass::text from pg_constraint
               where connamespace = 'public'::regnamespace
             union all select pg_get_triggerdef(oid), tgrelid::regclass::text from pg_trigger where not tgisinternal
             union all select oid::regprocedure::text, '' from pg_proc where pronamespace = 'public'::regnamespace
           ) as s where table_name not like 'knex%' order by definition collate "C"`,
        )
      ).rows.map(({ definition }) => definition)
    : (
        await db.raw<{ sql: string }[]>(
          "select sql from sqlite_master where sql is not null and tbl_name not like 'knex%' and name not like 'sqlite%' order by sql",
        )
      ).map(({ sql }) => sql);
  const rows: Contents["rows"] = {};
  for (const table of await tableNames(db)) {
    rows[table] = await db(table).select("*").orderByRaw("1");
  }
  return { schema, rows };
}

async function tableNames(db: Knex): Promise<string[]> {
  const names = isPostgres(db)
    ? db("pg_tables").where({ schemaname: "public" }).pluck("tablename")
    : db("sqlite_master").where({ type: "table" }).pluck("name");
  return ((await names) as string[]).filter((name) => !/^(knex|sqlite)_/.test(name)).sort();
}
