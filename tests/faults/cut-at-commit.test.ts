import { once } from "node:events";
import { createConnection, createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { cleanUpLater } from "../support/clean-up.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { signedInCompanies, tryToAssign } from "../support/load.ts";
import { startServer } from "../support/server.ts";
import { expectHeld } from "./checker.ts";

/**
 * A proxy to PostgreSQL that can cut the connection between a statement's commit and its answer.
 */
async function startWire(databaseUrl: string) {
  const url = new URL(databaseUrl);
  const real = { host: url.hostname, port: Number(url.port || 5432) };
  let cutAfter: string | undefined;
  let cuts = 0;
  let staysAway = false;
  const wire = createServer((client) => {
    if (staysAway && cuts > 0) return client.destroy();
    const database = createConnection(real);
    let cutAtAnswer = false;
    client.on("data", (bytes) => {
      if (cutAfter !== undefined && bytes.includes(cutAfter)) {
        cutAtAnswer = true;
        cutAfter = undefined;
      }
      database.write(bytes);
    });
    database.on("data", (bytes) => {
      // It says that it is ready for the next statement once this one is committed.
      if (cutAtAnswer) {
        cuts++;
        client.destroy();
      } else {
        client.write(bytes);
      }
    });
    for (const [end, other] of [
      [client, database],
      [database, client],
    ] as const) {
      end.on("close", () => other.destroy());
      end.on("error", () => {});
    }
  }).listen(0, "127.0.0.1");
  await once(wire, "listening");
  cleanUpLater(async () => wire.close());
  url.hostname = "127.0.0.1";
  url.port = String((wire.address() as AddressInfo).port);
  return {
    url: url.href,
    /**
     * Cuts the next connection that sends `text` when the answer comes, and accepts no other until
     * `comesBack`.
     */
    cutAtAnswerTo(text: string, options?: { staysAway: boolean }) {
      cutAfter = text;
      staysAway = options?.staysAway ?? false;
    },
    comesBack() {
      staysAway = false;
    },
    cuts: () => cuts,
  };
}

async function startCutOff() {
  const { url } = await createMigratedDatabase("postgres");
  const db = openDatabase(url);
  const [number = "", other = ""] = await fillPool(db, 2);
  const [company] = await signedInCompanies(db, 1);
  const wire = await startWire(url);
  const server = await startServer({ databaseUrl: wire.url });
  return { db, number, other, company: company!, wire, server };
}

const commit = "COMMIT;";

test("fault 4: if the connection is cut between the commit and its answer, a second look confirms the number", async () => {
  const { db, number, company, wire, server } = await startCutOff();
  wire.cutAtAnswerTo(commit);
  const cut = await tryToAssign(server.url, company, number);
  expect(wire.cuts()).toBe(1);
  expect(cut).toMatchObject({ told: "ok", status: 200 });
  await expectHeld(db, [cut]);
});

test("fault 4: if it does not come back the answer is an error, and a retry gets the same number", async () => {
  const { db, number, other, company, wire, server } = await startCutOff();
  wire.cutAtAnswerTo(commit, { staysAway: true });
  const cut = await tryToAssign(server.url, company, number);
  expect(wire.cuts()).toBe(1);
  expect(cut).toMatchObject({ told: "unknown", status: 503 });
  await expectHeld(db, [cut]);
  expect(await db("companies").where({ id: company.id }).first()).toMatchObject({
    twilio_phone_number: number,
  });

  wire.comesBack();
  const again = await tryToAssign(server.url, company, number);
  expect(again).toMatchObject({ told: "ok", status: 400 });
  const another = await tryToAssign(server.url, company, other);
  expect(another).toMatchObject({ told: "failed", status: 400 });
  await expectHeld(db, [again, another]);
});
