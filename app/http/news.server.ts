import { ownCookie } from "#app/http/own-cookie.server.ts";
import type { Asked } from "#app/server/exchange.server.ts";

/**
 * News of what a form did, told once by the next page that can tell it, and not again when that
 * page is reloaded or bookmarked.
 */
export type News =
  | "assigned"
  | "saved"
  | "already-has-number"
  | "password-changed"
  | "message-deleted"
  | "message-deleted-here"
  | "caller-blocked"
  | "caller-unblocked"
  | "session-ended"
  | "other-sessions-ended"
  | "account-closed"
  | "token-revoked"
  | "password-reset"
  | "link-sent"
  | "email-changed"
  | "email-verified";

/** Seconds for which it is news. */
const newsFor = 5 * 60;

const newsCookie = () => ownCookie("news", { maxAge: newsFor });

/** The headers of an answer after which a page is to tell `news`. */
export async function withNews(news: News): Promise<{ "Set-Cookie": string }> {
  return { "Set-Cookie": await newsCookie().serialize(news) };
}

/** Which of `news` is waiting to be told, if any, and the headers that mark it as told. */
export async function takeNews<Told extends News>(
  { request }: Asked,
  ...news: Told[]
): Promise<{ isNews: boolean; news?: Told; headers: Record<string, string> }> {
  const kept: unknown = await newsCookie().parse(request.headers.get("Cookie"));
  const told = news.find((one) => one === kept);
  if (told === undefined) return { isNews: false, headers: {} };
  const headers = { "Set-Cookie": await newsCookie().serialize("", { maxAge: 0 }) };
  return { isNews: true, news: told, headers };
}
