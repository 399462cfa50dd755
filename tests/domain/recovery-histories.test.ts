import fc from "fast-check";
import type { Knex } from "knex";
import { expect, test } from "vitest";
import { operator, type By } from "#app/domain/audit.server.ts";
import { signIn } from "#app/domain/companies.server.ts";
import type { NewPasswordEnds } from "#app/domain/password-change.server.ts";
import { makeResetLink, resetPassword } from "#app/domain/password-reset.server.ts";
import {
  linkForCode,
  makeRecoveryCodes,
  recoveryCodesOf,
} from "#app/domain/recovery-codes.server.ts";
import { beginSession, endSession, findSession } from "#app/domain/sessions.server.ts";
import { insertCompany } from "../support/companies.ts";
import { describeEachEngine } from "../support/databases.ts";

const by: By = { actor: "visitor" };

/** What the owner of an account knows, and what others may have seen of it. */
interface World {
  email: string;
  id: number;
  password: string | undefined;
  /** unused codes that the owner has on paper */
  codes: string[];
  /** secrets that are used up or never worked: each must open nothing */
  spoilt: { codes: string[]; passwords: string[]; tokens: string[]; sessions: string[] };
  sessions: string[];
  /** links made and not used yet */
  tokens: string[];
  resets: number;
}

/** A step of a history; `pick` chooses one of whatever there are. */
const steps = {
  async signIn(db: Knex, world: World) {
    if (world.password === undefined) return;
    expect(await signIn(db, world.email, world.password)).toMatchObject({
      company: { id: world.id },
    });
    world.sessions.push(await beginSession(db, world.id));
  },
  async revoke(db: Knex, world: World, pick: number) {
    const [session] = world.sessions.splice(pick % Math.max(1, world.sessions.length), 1);
    if (session === undefined) return;
    await endSession(db, session);
    world.spoilt.sessions.push(session);
  },
  async makeCodes(db: Knex, world: World) {
    const { batch } = await recoveryCodesOf(db, world.id);
    const made = await makeRecoveryCodes(db, world.id, batch, by);
    if (made.outcome !== "made") throw new Error(made.outcome);
    world.spoilt.codes.push(...world.codes);
    world.codes = made.codes;
  },
  async askWithCode(db: Knex, world: World, pick: number) {
    const token = await linkForCode(db, world.email, world.codes[pick % world.codes.length]!, by);
    world.tokens.push(token!);
  },
  async askOperator(db: Knex, world: World) {
    world.tokens.push((await makeResetLink(db, world.id, operator))!.split("/").at(-1)!);
  },
  async resetWithCode(db: Knex, world: World, pick: number) {
    const [code = ""] = world.codes.splice(pick % world.codes.length, 1);
    const token = await linkForCode(db, world.email, code, by);
    await reset(db, world, token!);
    world.spoilt.codes.push(code);
    if (world.codes.length === 0) await steps.makeCodes(db, world);
  },
  async resetByOperator(db: Knex, world: World, pick: number) {
    await steps.askOperator(db, world);
    const otherAccess = pick % 3 === 0;
    await reset(db, world, world.tokens.pop()!, { otherAccess });
    if (!otherAccess) return;
    world.spoilt.codes.push(...world.codes.splice(0));
    await steps.makeCodes(db, world);
  },
  async expire(db: Knex, world: World) {
    await db("account_links").update({ expires_at: "2026-01-01 00:00:00" });
    world.spoilt.tokens.push(...world.tokens.splice(0));
  },
  async attack(db: Knex, world: World, pick: number) {
    const { codes, passwords, tokens } = world.spoilt;
    const choose = (all: string[]) => all[pick % Math.max(1, all.length)] ?? "nothing";
    expect(await signIn(db, world.email, choose(passwords))).toBeUndefined();
    expect(await linkForCode(db, world.email, choose(codes), by)).toBeUndefined();
    expect(await resetPassword(db, choose(tokens), "an attacker's password", by)).toBe(
      "link-unusable",
    );
  },
};

async function reset(db: Knex, world: World, token: string, ends?: NewPasswordEnds): Promise<void> {
  const password = `password number ${++world.resets}`;
  expect(await resetPassword(db, token, password, by, ends)).toBe("reset");
  if (world.password !== undefined) world.spoilt.passwords.push(world.password);
  world.password = password;
  world.spoilt.tokens.push(token, ...world.tokens.splice(0));
  world.spoilt.sessions.push(...world.sessions.splice(0));
}

const history = fc.array(
  fc.tuple(fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])), fc.nat(1_000)),
  { minLength: 4, maxLength: 14 },
);

describeEachEngine("whatever the history", (_engine, open) => {
  test("the owner with a code gets in, and nobody else does", async () => {
    const db = await open();
    let made = 0;
    await fc.assert(
      fc.asyncProperty(history, async (done) => {
        const email = `owner${++made}@example.com`;
        const world: World = {
          email,
          id: await insertCompany(db, { email }),
          password: undefined,
          codes: [],
          spoilt: { codes: [], passwords: [], tokens: [], sessions: [] },
          sessions: [],
          tokens: [],
          resets: 0,
        };
        await steps.makeCodes(db, world);
        const other = await insertCompany(db, { email: `other${made}@example.com` });
        const others = await makeRecoveryCodes(db, other, "", by);

        for (const [step, pick] of done) await steps[step](db, world, pick);

        await steps.attack(db, world, made);
        for (const code of world.spoilt.codes) {
          expect(await linkForCode(db, email, code, by)).toBeUndefined();
        }
        for (const code of others.outcome === "made" ? others.codes : []) {
          expect(await linkForCode(db, email, code, by)).toBeUndefined();
        }
        for (const session of world.spoilt.sessions) {
          expect(await findSession(db, session)).toBeUndefined();
        }
        for (const session of world.sessions) {
          expect((await findSession(db, session))?.company.id).toBe(world.id);
        }
        await steps.resetWithCode(db, world, made);
        await steps.signIn(db, world);
        expect((await findSession(db, world.sessions.at(-1)!))?.company.id).toBe(world.id);
      }),
      { numRuns: 10 },
    );
  });
});
