import type { Knex } from "knex";
import { query } from "#app/query.server.ts";
import { asStored, parseE164, parsePhoneNumber } from "#app/domain/e164.ts";
import { environment } from "#app/env.server.ts";

/**
 * Where calls may be passed on to. The operator pays for each, so a phone must be of a kind that
 * costs little, in one of `DIAL_COUNTRIES` or, if those are not set, in a country that the pool has
 * numbers of.
 */

export type CheckedTarget = { target: string } | { error: string };

// A SIP URI (RFC 3261) as <Sip> takes it: user@host, a port, parameters, headers for the system
// that is called.
const sipWord = String.raw`[\w.!~*'()%-]+`;
const sipHeader = String.raw`[\w.!~*'()%[\]/?:+$-]+=[\w.!~*'()%[\]/?:+$-]*`;
const sipAddress = new RegExp(
  [
    String.raw`^sips?:[\w.!~*'()%&=+$,;?/-]+@`,
    String.raw`(\[[\da-f:.]+\]|[\da-z]([\da-z.-]*[\da-z])?)(:\d{1,5})?`,
    `(;${sipWord}(=${sipWord})?)*(\\?${sipHeader}(&${sipHeader})*)?$`,
  ].join(""),
  "i",
);

/**
 * Reads a form's text for where calls go, by mode: the target as it is kept, or what is wrong with
 * it.
 */
export const checkTarget = {
  phone(text: string): CheckedTarget {
    const parsed = parseE164(text);
    if (!parsed.ok) {
      return { error: "Enter a phone number with its country code, like +353 86 123 4567" };
    }
    return isOfRungKind(parsed.phoneNumber)
      ? { target: parsed.phoneNumber }
      : {
          error:
            "Calls go to landlines, mobiles, toll-free and internet phones only, not to premium-rate, shared-cost, satellite or unknown numbers. Enter another",
        };
  },
  sip(text: string): CheckedTarget {
    return sipAddress.test(text)
      ? { target: text }
      : { error: "Enter a SIP address, like sip:reception@example.com" };
  },
  stream(text: string): CheckedTarget {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol !== "wss:" || url.username !== "" || url.hash !== "") {
      return { error: "Enter an address like wss://agent.example.com/calls" };
    }
    // Twilio's documentation, "TwiML Voice: <Stream>": the address takes no query.
    return url.search === ""
      ? { target: url.href }
      : { error: "Leave out the ? and what follows it" };
  },
};

/** The number that is a SIP address's user, E.164; undefined if the user is something else. */
export function numberInSip(address: string): string | undefined {
  const user = /^sips?:([^@:;]*)/i.exec(address)?.[1] ?? "";
  const plain = user.replaceAll(/%([\da-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return asStored(/^[1-9][\d\s().-]{6,}$/.test(plain) ? `+${plain}` : plain);
}

/**
 * Ranges that are never rung, whatever libphonenumber makes of them. Sources: ITU-T, "List of ITU-T
 * Recommendation E.164 assigned country codes" (808 shared cost, 870 Inmarsat, 878 and 888 no
 * country's, 881 satellites, 882 and 883 international networks, 979 premium rate, 247 Ascension, a
 * favourite of toll fraud); North American Numbering Plan (900 and the exchange 976: premium rate;
 * 600: Canada's satellites); the numbering plans of Australia (014), Russia (954), China (1349,
 * 1740, 1749) and Indonesia (868: satellites, which libphonenumber calls mobiles or internet
 * phones). Those four plans themselves were not at hand.
 */
const neverRung =
  /^\+(808|87[08]|88[1238]|979|247|1900|1976|1\d{3}976\d{4}$|1600|6114|7954|861349|86174[09]|62868)/;

const rungTypes: ReadonlySet<string | undefined> = new Set([
  "FIXED_LINE",
  "MOBILE",
  "FIXED_LINE_OR_MOBILE",
  "TOLL_FREE",
  "VOIP",
]);

function isOfRungKind(phoneNumber: string): boolean {
  return !neverRung.test(phoneNumber) && rungTypes.has(parsePhoneNumber(phoneNumber)?.getType());
}

/**
 * Whether a call may be passed on to `phoneNumber` (E.164).
 * @param called a number of the pool, whose country is allowed without a query
 */
export async function mayBeRung(
  db: Knex,
  phoneNumber: string,
  called: string | null,
): Promise<boolean> {
  if (!isOfRungKind(phoneNumber)) return false;
  if (!environment().DIAL_COUNTRIES && called !== null) {
    if (isInOneOf(phoneNumber, new Set([parsePhoneNumber(called)?.country]))) return true;
  }
  return isInOneOf(phoneNumber, new Set(await dialCountries(db)));
}

/**
 * Whether a phone's country may be rung; any may while the pool is empty, since then nobody can be
 * called.
 */
export async function isInDialCountry(db: Knex, phoneNumber: string): Promise<boolean> {
  if (isInOneOf(phoneNumber, new Set(await dialCountries(db)))) return true;
  // The country's first number may have come a moment ago.
  forgetPoolCountries(db);
  const countries = await dialCountries(db);
  return countries.length === 0 || isInOneOf(phoneNumber, new Set(countries));
}

function isInOneOf(phoneNumber: string, countries: ReadonlySet<string | undefined>): boolean {
  const parsed = parsePhoneNumber(phoneNumber);
  if (!parsed?.country) return false;
  // North America's toll-free numbers belong to several countries; libphonenumber names the first.
  const isShared = parsed.countryCallingCode === "1" && parsed.getType() === "TOLL_FREE";
  return countries.has(parsed.country) || (isShared && countries.has("CA"));
}

/**
 * The countries (ISO 3166-1 alpha-2) whose phones may be rung; those from the pool may be a minute
 * old.
 */
export async function dialCountries(db: Knex): Promise<readonly string[]> {
  const { DIAL_COUNTRIES } = environment();
  if (DIAL_COUNTRIES) return DIAL_COUNTRIES;
  const kept = poolCountries.get(db);
  if (kept && performance.now() - kept.at < keptFor) return kept.countries;
  const rows = await query<{ phone_number: string | null }>(db, oneOfEachBeginning);
  const countries = [
    ...new Set(
      rows.flatMap(({ phone_number }) => parsePhoneNumber(phone_number ?? "")?.country ?? []),
    ),
  ].sort();
  poolCountries.set(db, { at: performance.now(), countries });
  return countries;
}

/** Makes {@link dialCountries} read the pool again. */
function forgetPoolCountries(db: Knex): void {
  poolCountries.delete(db);
}

const poolCountries = new WeakMap<Knex, { at: number; countries: string[] }>();
/** Milliseconds. */
const keptFor = 60_000;

// Six digits tell the country. The index is walked from one beginning to the next, so a big pool
// costs no more than it has beginnings.
const oneOfEachBeginning = {
  name: "one number of each beginning",
  sql: `with recursive beginnings (phone_number) as (
          select cast(min(phone_number) as text) from twilio_phone_numbers
          union all
          select (select cast(min(next.phone_number) as text) from twilio_phone_numbers next
                   where next.phone_number > substr(beginnings.phone_number, 1, 7) || '999999999')
            from beginnings where beginnings.phone_number is not null
        )
        select phone_number from beginnings where phone_number is not null`,
};
