import type { Knex } from "knex";
import { addToPool } from "../app/domain/pool.server.ts";

/**
 * Numbers to try the program with, from ranges set aside for fiction, so that nobody is called by
 * mistake: ComReg (Ireland), Ofcom "Telephone numbers for use in TV and radio drama", NANPA
 * "555-0100 to 555-0199", ACMA "Phone numbers for use in TV shows, films and creative works", ARCEP
 * (France), Bundesnetzagentur (Germany) and PTS (Sweden).
 */
const demoNumbers = [
  "+353209174350",
  "+353209120018",
  "+442079460018",
  "+442079460101",
  "+441614960123",
  "+442896496045",
  "+12025550114",
  "+12125550187",
  "+14155550132",
  "+61255501234",
  "+61491570156",
  "+33199001234",
  "+493023125041",
  "+46701740605",
];

/** Fills an empty pool; if there is any number already, nothing is added. */
export async function seed(db: Knex): Promise<void> {
  const any: unknown = await db("twilio_phone_numbers").first("id");
  if (any === undefined) await addToPool(db, demoNumbers);
}
