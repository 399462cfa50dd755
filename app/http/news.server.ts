import { ownCookie } from "#app/http/own-cookie.server.ts";
import type { Asked } from "#app/server/exchange.server.ts";

/**
 * News of what a form did, told once: by the next page that is there to tell it, and no more when that is loaded again
 * or kept as a bookmark.
 */
export type News =
  | "assigned"
  | "saved"
  | "already-has-number"
  | "password-changed"
  | "session-ended"
  | "other-sessions-ended"
  | "account-closed"
  | "token-revoked"
  | "password-reset"
  | "link-sent"
  | "email-changed"
  | "email-verified";

/** Seconds in which it is news. */
const newsFor = 5 * 60;

const newsCookie = () => ownCookie("news", { maxAge: newsFor });

/** The headers of an answer after which a page is to tell `news`. */
export async function withNews(news: News): Promise<{ "Set-Cookie": string }> {
  return { "Set-Cookie": await newsCookie().serialize(news) };
}

/** Which of `news` there is to tell, if any, and the headers of the page that tells it, by which it is told. */
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
