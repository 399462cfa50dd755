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
  | "email-changed"
  | "message-deleted"
  | "message-deleted-here"
  | "caller-blocked"
  | "caller-unblocked"
  | "session-ended"
  | "other-sessions-ended"
  | "account-closed";

/** Seconds in which it is news. */
const newsFor = 5 * 60;

const newsCookie = () => ownCookie("news", { maxAge: newsFor });

/** The headers of an answer after which a page is to tell `news`. */
export async function withNews(news: News): Promise<{ "Set-Cookie": string }> {
  return { "Set-Cookie": await newsCookie().serialize(news) };
}

/** Whether there is `news` to tell, and the headers of the page that tells it, by which it is told. */
export async function takeNews(
  { request }: Asked,
  news: News,
): Promise<{ isNews: boolean; headers: Record<string, string> }> {
  const told: unknown = await newsCookie().parse(request.headers.get("Cookie"));
  return told === news
    ? { isNews: true, headers: { "Set-Cookie": await newsCookie().serialize("", { maxAge: 0 }) } }
    : { isNews: false, headers: {} };
}

/** Which of several pieces of news there is to tell, if any, and the headers of the page that tells it. */
export async function takeOneOf<const N extends News>(
  asked: Asked,
  ...several: N[]
): Promise<{ news: N | null; headers: Record<string, string> }> {
  for (const news of several) {
    const { isNews, headers } = await takeNews(asked, news);
    if (isNews) return { news, headers };
  }
  return { news: null, headers: {} };
}
