import pg from "pg";
import { expect, inject, test } from "vitest";
import { freePort } from "./free-port.ts";
import { sharedPostgres, startPostgres } from "./postgres.ts";

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  return client;
}

test("the shared server is PostgreSQL", async () => {
  const client = await connect(inject("postgresUrl"));
  const { rows } = await client.query("select 1 as one");
  await client.end();
  expect(rows).toEqual([{ one: 1 }]);
});

test("a private server is PostgreSQL 18 and keeps what was committed through a crash and a stop", async () => {
  const server = await startPostgres();
  const before = await connect(server.url);
  await before.query("create table kept (id int)");
  await before.query("insert into kept values (1)");
  const settings = await before.query(
    "select name, setting from pg_settings where name in ('fsync', 'max_connections') order by name",
  );
  expect(settings.rows).toEqual([
    { name: "fsync", setting: "on" },
    { name: "max_connections", setting: "200" },
  ]);

  await server.crash();
  expect(server.pid).toBeUndefined();
  await expect(connect(server.url)).rejects.toThrow("ECONNREFUSED");
  await server.start();
  const between = await connect(server.url);
  await between.query("insert into kept values (2)");
  await server.stop();
  await server.start();

  const after = await connect(server.url);
  const { rows } = await after.query("select id from kept order by id");
  const version = await after.query("show server_version_num");
  await after.end();
  expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
  expect(version.rows[0].server_version_num).toMatch(/^18/);
});

test("a frozen server answers only once it is thawed", async () => {
  const server = await startPostgres();
  const client = await connect(server.url);
  await server.freeze();
  let answered = false;
  const answer = client.query("select 1 as one").then((result) => {
    answered = true;
    return result.rows;
  });
  await expect(
    new pg.Client({
      connectionString: server.url,
      connectionTimeoutMillis: 500,
    }).connect(),
  ).rejects.toThrow("timeout");
  expect(answered).toBe(false);
  await server.thaw();
  expect(await answer).toEqual([{ one: 1 }]);
  await client.end();
});

test("a frozen server can crash", async () => {
  const server = await startPostgres();
  await server.freeze();
  await server.crash();
  await server.start();
  const client = await connect(server.url);
  await client.end();
});

test("a TEST_DATABASE_URL that does not answer is one line that says what to do", async () => {
  const url = `postgres://postgres@127.0.0.1:${await freePort()}/postgres`;
  await expect(sharedPostgres(url)).rejects.toThrow(
    /^TEST_DATABASE_URL does not work: .*ECONNREFUSED.*Set TEST_DATABASE_URL to [^\n]*$/,
  );
});
