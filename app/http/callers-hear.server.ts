import type { CallHandling } from "#app/domain/call-handling.server.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";

const longestQuote = 90;

/** What callers hear, one after the other: `“Thank you for calling.”, then +353 86 123 4567 ringing …`. */
export function callersHear({ greeting, mode, target, ringSeconds, takeMessage }: CallHandling) {
  const text = greeting.replaceAll(/\s+/g, " ").trim();
  const quote = text.length > longestQuote ? `${text.slice(0, longestQuote).trimEnd()}…` : text;
  const message = "a request to leave a message";
  const parts = quote === "" ? [] : [`“${quote}”`];
  if (mode === "message" || target === null) parts.push(message);
  else if (mode === "stream") parts.push(`your voice agent at ${new URL(target).host}`);
  else {
    const who = mode === "phone" ? formatPhoneNumber(target) : target;
    parts.push(`${who} ringing for up to ${ringSeconds} seconds`);
    if (takeMessage) parts.push(`${message} if nobody answers`);
  }
  return `${parts.join(", then ")}.`;
}
