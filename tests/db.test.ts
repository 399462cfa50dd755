import { once } from "node:events";
import { connect, createServer } from "node:net";
import path from "node:path";
import { expect, test } from "vitest";
import { cleanUpLater } from "./support/clean-up.ts";
import { createTestDatabase, openDatabase } from "./support/databases.ts";
import { scratchDirectory } from "./support/scratch.ts";
import { runScript } from "./support/script.ts";

test("a database behind a socket's folder is reached, as DATABASE_URL of Cloud SQL has it", async () => {
  const { hostname, port, username, password, pathname } = new URL(
    (await createTestDatabase("postgres")).url,
  );
  const scratch = scratchDirectory("socket-");
  const server = createServer((socket) => {
    const onward = connect(Number(port), hostname);
    socket.on("error", () => onward.destroy()).pipe(onward);
    onward.on("error", () => socket.destroy()).pipe(socket);
  }).listen(path.join(scratch.path, ".s.PGSQL.5432"));
  await once(server, "listening");
  cleanUpLater(async () => {
    server.close();
    scratch.remove();
  });
  const url = `postgresql://${username}:${password}@${pathname}?host=${scratch.path}`;
  const { rows } = await openDatabase(url).raw("select current_database() as name");
  expect(rows).toEqual([{ name: pathname.slice(1) }]);
  const run = await runScript("migrate", [], { env: { DATABASE_URL: url } });
  expect([run.stderr, run.exitCode]).toEqual(["", 0]);
});
