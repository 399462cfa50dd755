import type { Knex } from "knex";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { closeDatabase, database } from "#app/db.server.ts";
import { currentPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { action as assignByApi } from "#app/routes/api.phone-numbers.assign.ts";
import { action as assignByPage } from "#app/routes/_app.dashboard.choose-number.tsx";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { signedInCompanies, type SignedInCompany } from "../support/load.ts";
import { useEnvironment } from "../support/twilio-webhooks.ts";

describe.each(engines)("an assignment whose answer is lost on %s", (engine) => {
  let db: Knex;
  let company: SignedInCompany;
  let numbers: string[];
  beforeEach(async () => {
    const { url } = await createMigratedDatabase(engine);
    db = openDatabase(url);
    numbers = await fillPool(db, 2);
    [company] = (await signedInCompanies(db, 1)) as [SignedInCompany];
    useEnvironment({ DATABASE_URL: url });
  });

  const asked = (path: string, type: string, body: string) => ({
    request: new Request(`http://localhost:3000${path}`, {
      method: "POST",
      headers: { Cookie: company.cookie, "Content-Type": type },
      body,
    }),
    params: {},
    context: {},
  });

  async function byApi(phone_number = numbers[0]): Promise<{ status: number; body: unknown }> {
    const answer = await assignByApi(
      asked("/api/phone-numbers/assign", "application/json", JSON.stringify({ phone_number })),
    );
    return { status: answer.status, body: await answer.json() };
  }

  const byPage = () =>
    assignByPage(
      asked(
        "/dashboard/choose-number",
        "application/x-www-form-urlencoded",
        new URLSearchParams({ phone_number: numbers[0]! }).toString(),
      ),
    );

  test("a second look finds that it happened, and the API says so", async () => {
    loseAnswersTo(database(), /^COMMIT/);
    expect(await byApi()).toMatchObject({ status: 200, body: { phone_number: numbers[0] } });
    expect(await currentPhoneNumber(db, company.id)).toMatchObject({ phoneNumber: numbers[0] });
  });

  test("and so does the page", async () => {
    loseAnswersTo(database(), /^COMMIT/);
    const answer = (await byPage()) as Response;
    expect([answer.status, answer.headers.get("Location")]).toEqual([302, "/dashboard"]);
  });

  test("a second look finds that nothing happened, and asking again assigns it", async () => {
    loseAnswersTo(database(), /^update .twilio_phone_numbers/, { done: false });
    expect(await byApi()).toMatchObject({ status: 503 });
    expect(await currentPhoneNumber(db, company.id)).toBeUndefined();
    await expect(byPage()).rejects.toMatchObject({
      data: { message: "We couldn't assign a number. Nothing was changed. Try again." },
    });
    await closeDatabase();
    expect(await byApi()).toMatchObject({ status: 200 });
  });

  test("if the second look fails too, the answer leaves it open, and asking again tells", async () => {
    loseAnswersTo(database(), /^(COMMIT|select .*twilio_phone_numbers.*assigned_to_company_id)/);
    expect(await byApi()).toMatchObject({
      status: 503,
      body: { error: "The service is not available right now. Try again in a moment." },
    });
    await expect(byPage()).rejects.toMatchObject({
      data: { message: "We couldn't assign a number. Try again." },
      init: { status: 503 },
    });
    await closeDatabase();
    expect(await byApi()).toMatchObject({ body: { phone_number: numbers[0] } });
    expect(await byApi(numbers[1])).toMatchObject({ status: 400 });
  });
});

/**
 * From now on a connection that sends such SQL is lost: before the answer or, if not `done`, before
 * the work.
 */
function loseAnswersTo(db: Knex, sql: RegExp, { done = true } = {}): void {
  interface Client {
    config: unknown;
    _query: (this: Client, connection: unknown, asked: { sql: string }) => Promise<unknown>;
  }
  const { config } = db.client as Client;
  // Each transaction has its own client, of the same class.
  const shared = Object.getPrototypeOf(db.client) as Client;
  const query = shared._query;
  shared._query = async function (this: Client, connection, asked) {
    const isLost = this.config === config && sql.test(asked.sql);
    if (done || !isLost) await query.call(this, connection, asked);
    if (isLost) throw new Error("Connection terminated unexpectedly");
    return asked;
  };
  onTestFinished(() => {
    shared._query = query;
  });
}
