import { shownDate, shownTime } from "#app/http/shown-time.server.ts";
import { scopes, type Scope, type Token } from "#app/domain/tokens.server.ts";

/** A token as its company's pages show it, in the company's zone. */
export interface ShownToken {
  id: number;
  name: string;
  /** “See the numbers that are available, and its own” … */
  mayDo: string[];
  /** “Made 22 November 2026” */
  made: string;
  /** “Last used 25 Nov 2026, 10:00 GMT”, “Never used” */
  used: string;
  /** “Never expires”, “Expires 22 November 2027”, “Expired 22 November 2025” */
  expires: string;
}

const whatFor: Record<Scope, string> = {
  "numbers:read": "See the available numbers and your own",
  "numbers:assign": "Take a number, for ever",
  "calls:read": "Read your calls",
  "settings:write": "Change what happens to a call",
};

/** The scopes, as the form has them. */
export const scopeChoices = scopes.map((scope) => ({ scope, label: whatFor[scope] }));

/** How long a token may live; the last is for ever. */
export const lifetimes = [
  { days: "30", label: "In 30 days" },
  { days: "90", label: "In 90 days" },
  { days: "365", label: "In a year" },
  { days: "", label: "Never" },
];

/** The fields of the form, as `tokenFields` takes them. */
export function tokenFormFields(form: Record<string, string>, now = new Date()) {
  const days = Number(lifetimes.find(({ days }) => days === form.expires)?.days ?? "365");
  return {
    name: form.name,
    scopes: scopes.filter((scope) => form[scope]),
    expires_at: days > 0 ? new Date(now.getTime() + days * 86_400_000).toISOString() : null,
  };
}

/** @param timeZone IANA name, as a company has it */
export function shownToken(token: Token, timeZone: string, now = new Date()): ShownToken {
  const { id, name, expiresAt, lastUsedAt } = token;
  return {
    id,
    name,
    mayDo: token.scopes.map((scope) => whatFor[scope]),
    made: `Made ${shownDate(token.createdAt, timeZone)}`,
    used: lastUsedAt === null ? "Never used" : `Last used ${shownTime(lastUsedAt, timeZone).shown}`,
    expires:
      expiresAt === null
        ? "Never expires"
        : `${new Date(expiresAt) <= now ? "Expired" : "Expires"} ${shownDate(expiresAt, timeZone)}`,
  };
}
