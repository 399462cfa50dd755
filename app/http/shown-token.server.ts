import { scopes, type Scope, type Token } from "#app/domain/tokens.server.ts";

/** A token as its company's pages show it. */
export interface ShownToken {
  id: number;
  name: string;
  /** “See the numbers that are available, and its own” … */
  mayDo: string[];
  /** “Made 22 November 2026” */
  made: string;
  /** “Last used on 25 November 2026, 10:00 UTC”, “Never used” */
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

export function shownToken(token: Token, now = new Date()): ShownToken {
  const { id, name, expiresAt, lastUsedAt } = token;
  return {
    id,
    name,
    mayDo: token.scopes.map((scope) => whatFor[scope]),
    made: `Made ${day(token.createdAt)}`,
    used: lastUsedAt === null ? "Never used" : `Last used ${hour(lastUsedAt)}`,
    expires:
      expiresAt === null
        ? "Never expires"
        : `${new Date(expiresAt) <= now ? "Expired" : "Expires"} ${day(expiresAt)}`,
  };
}

const longDate = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
const day = (at: string) => longDate.format(new Date(at));

const dateAndHour = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "short",
  timeZone: "UTC",
});
const hour = (at: string) => `${dateAndHour.format(new Date(at))} UTC`;
