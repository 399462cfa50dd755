import { beforeAll, expect, test } from "vitest";
import { makeToldLink, toldAddresses } from "#app/domain/told-addresses.server.ts";
import { Client } from "../support/client.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { signedInCompanies } from "../support/load.ts";
import { startMailServer } from "../support/mail-server.ts";
import { get, post, textOf } from "../support/pages.ts";
import { startServer } from "../support/server.ts";
import type { Knex } from "knex";

let db: Knex;
let url: string;
let databaseUrl: string;

beforeAll(async () => {
  ({ url: databaseUrl } = await createMigratedDatabase("sqlite"));
  db = openDatabase(databaseUrl);
  const mail = await startMailServer();
  const env = { SMTP_URL: mail.url, MAIL_FROM: "numbers@example.com" };
  ({ url } = await startServer({ databaseUrl, env }));
});

test("a company has addresses told and removed; a mail program stops one with a bare POST", async () => {
  const [company] = await signedInCompanies(db, 1);
  const client = new Client(url, { Cookie: company!.cookie });
  const here = "/settings/calls/mail";
  expect(textOf(await get(client, "/settings/calls"))).toContain("Mail of missed calls");
  const wrong = await post(client, here, { email: "nobody" });
  expect([wrong.status, wrong.title]).toEqual([400, expect.stringMatching(/^Error: /)]);
  expect((await post(client, here, { email: "Desk@Example.com" })).location).toBe(here);
  expect(await toldAddresses(db, company!.id)).toEqual([
    { email: "desk@example.com", confirmed: false },
  ]);
  expect(textOf(await get(client, here))).toContain("desk@example.com not confirmed yet");
  expect((await post(client, here, { remove: "desk@example.com" })).location).toBe(here);
  expect(await toldAddresses(db, company!.id)).toEqual([]);

  await post(client, here, { email: "desk@example.com" });
  const token = await makeToldLink(db, company!.id, "desk@example.com");
  const stranger = new Client(url);
  const page = await get(stranger, `/told/${token}`);
  expect([page.status, page.headers.get("Cache-Control")]).toEqual([200, "no-store"]);
  await post(stranger, `/told/${token}`, { "List-Unsubscribe": "One-Click" });
  expect(await toldAddresses(db, company!.id)).toEqual([]);
  expect(textOf(await get(stranger, `/told/${token}`))).toContain("No more mail");
});
