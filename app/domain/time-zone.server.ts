import type { Knex } from "knex";
import { countryOf } from "#app/domain/e164.ts";
import { remember } from "#app/domain/remember.ts";

/**
 * The time zone that a company's times are shown in: an IANA name. If the company has never set it,
 * it is guessed from the country of its number, or of its phone.
 */

/**
 * The name under which a zone is kept, or undefined if there is no such zone. Browsers name some
 * zones by older names; an offset such as `+01:00` is not a zone, since it has no summer time.
 */
export function asTimeZone(text: string): string | undefined {
  return /^[A-Za-z][\w+/-]{1,63}$/.test(text) ? zoneOfName(text) : undefined;
}

const zoneOfName = remember((name) => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone;
  } catch {
    return undefined;
  }
});

/** All zones to choose from, by name. */
export function timeZones(): string[] {
  return [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC"])].sort();
}

/**
 * For countries with several zones, or none of their own, the zone in which most people live (IANA,
 * "zone1970.tab").
 */
const mainZones: Record<string, string> = {
  AC: "Atlantic/St_Helena",
  AR: "America/Buenos_Aires",
  AU: "Australia/Sydney",
  BR: "America/Sao_Paulo",
  CA: "America/Toronto",
  CL: "America/Santiago",
  CY: "Asia/Nicosia",
  ES: "Europe/Madrid",
  FM: "Pacific/Ponape",
  GL: "America/Godthab",
  KI: "Pacific/Tarawa",
  MH: "Pacific/Majuro",
  MN: "Asia/Ulaanbaatar",
  MX: "America/Mexico_City",
  PF: "Pacific/Tahiti",
  PG: "Pacific/Port_Moresby",
  PT: "Europe/Lisbon",
  RU: "Europe/Moscow",
  TA: "Atlantic/St_Helena",
  US: "America/New_York",
  UZ: "Asia/Tashkent",
  XK: "Europe/Belgrade",
};

/**
 * The zone of a number's country (E.164); undefined if its plan names none, as with toll-free and
 * satellite numbers.
 */
export function timeZoneOfNumber(phoneNumber: string | null): string | undefined {
  const country = phoneNumber === null ? undefined : countryOf(phoneNumber);
  return country === undefined ? undefined : zoneOfCountry(country);
}

const zoneOfCountry = remember((country) =>
  asTimeZone(mainZones[country] ?? zonesOf(country)[0] ?? ""),
);

/**
 * ECMA-402's `Intl.Locale` lists a region's zones alphabetically: by a method, in older versions by
 * a property.
 */
function zonesOf(country: string): string[] {
  const region = new Intl.Locale(`und-${country}`) as Intl.Locale & {
    getTimeZones?(): string[] | undefined;
    timeZones?: string[];
  };
  return region.getTimeZones?.() ?? region.timeZones ?? [];
}

/**
 * The zone of a company.
 * @param saved what it has said, if anything
 * @param numbers the numbers to guess from, best first
 */
export function timeZoneFrom(saved: string | null, ...numbers: (string | null)[]): string {
  // A zone that one machine knows, another with an older system may not.
  const said = saved === null ? undefined : asTimeZone(saved);
  return said ?? numbers.map(timeZoneOfNumber).find((zone) => zone !== undefined) ?? "UTC";
}

/**
 * Saves the zone that a company sets, or its browser reports at sign-up. @param timeZone as {@link
 * asTimeZone} gives it
 */
export async function saveTimeZone(db: Knex, companyId: number, timeZone: string): Promise<void> {
  await db("company_time_zones")
    .insert({ company_id: companyId, time_zone: timeZone })
    .onConflict("company_id")
    .merge();
}

/** The zone of a company; undefined if there is no such company. */
export async function timeZoneOf(db: Knex, companyId: number): Promise<string | undefined> {
  const row = await db("companies as c")
    .leftJoin("company_time_zones as z", "z.company_id", "c.id")
    .where("c.id", companyId)
    .first<
      | { time_zone: string | null; twilio_phone_number: string | null; phone: string | null }
      | undefined
    >("z.time_zone", "c.twilio_phone_number", "c.phone");
  return row && timeZoneFrom(row.time_zone, row.twilio_phone_number, row.phone);
}
