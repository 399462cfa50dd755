import type { Knex } from "knex";
import { beforeAll, describe, expect, test } from "vitest";
import { withNews, type News } from "#app/http/news.server.ts";
import { companyWith, page, type Company } from "../support/call-pages.ts";
import { Client } from "../support/client.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { startMailServer } from "../support/mail-server.ts";
import { startServer } from "../support/server.ts";

/** Where each kind of news is told, in what words; `false` to whoever is not signed in. */
const kinds: Record<News, [path: string, words: string, isSignedIn?: boolean][]> = {
  assigned: [["/dashboard", "is your number."]],
  "already-has-number": [["/settings/phone", "Your company already has a number."]],
  saved: [
    ["/settings/account", "Saved."],
    ["/settings/calls", "Saved."],
    ["/settings/calls/blocked", "Saved."],
    ["/settings/calls/mail", "Saved."],
  ],
  "password-changed": [["/settings/security", "Your password is changed"]],
  "message-deleted": [["/calls", "The message was deleted."]],
  "message-deleted-here": [["/calls?outcome=missed", "The message was deleted here."]],
  "caller-blocked": [
    ["/calls", "The caller is blocked"],
    ["/settings/calls/blocked", "The caller is blocked."],
  ],
  "caller-unblocked": [
    ["/calls", "The caller is not blocked any more."],
    ["/settings/calls/blocked", "The caller is not blocked any more."],
  ],
  "session-ended": [["/settings/security/sessions", "The session is ended."]],
  "other-sessions-ended": [["/settings/security/sessions", "All other sessions are ended."]],
  "token-revoked": [["/settings/tokens", "Revoked."]],
  "link-sent": [
    ["/settings/email", "A mail with a link is on its way."],
    ["/settings/calls/mail", "A mail with a link is on its way there."],
  ],
  "email-changed": [
    ["/settings/email", "Your email address was changed."],
    ["/login", "Your email address was changed.", false],
  ],
  "email-verified": [
    ["/settings/email", "Your email address is confirmed."],
    ["/login", "Your email address is confirmed.", false],
  ],
  "password-reset": [["/login", "Your password was changed.", false]],
  "account-closed": [["/", "Your account is closed", false]],
};

const told = Object.entries(kinds).flatMap(([news, places]) =>
  places.map(([path, words, isSignedIn = true]) => ({
    news: news as News,
    path,
    words,
    isSignedIn,
  })),
);

let url: string;
let db: Knex;
let company: Company;
beforeAll(async () => {
  const mail = await startMailServer();
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  db = openDatabase(databaseUrl);
  const [number = ""] = await fillPool(db, 1);
  const env = { SMTP_URL: mail.url, MAIL_FROM: "numbers@example.com" };
  url = (await startServer({ databaseUrl, env })).url;
  company = await companyWith(url, db, number);
});

/** A browser that has been sent on with `news`, signed in or not. */
async function browserWith(news: News, isSignedIn: boolean): Promise<Client> {
  const browser = new Client(url);
  const cookies = [(await withNews(news))["Set-Cookie"]];
  if (isSignedIn) cookies.push(company.client.headers["Cookie"]!);
  for (const cookie of cookies) {
    const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
    browser.cookies.set(name, value);
  }
  return browser;
}

describe.each(told)("$news on $path", ({ news, path, words, isSignedIn }) => {
  test("is told once: by no earlier page, and not again on a reload or from a bookmark", async () => {
    const client = await browserWith(news, isSignedIn);
    const banner = async (at = path) => {
      const { status, html } = await page({ client }, at);
      expect([at, status]).toEqual([at, 200]);
      return /<div class="banner".*?<\/div>/s.exec(html)?.[0].replaceAll(/<[^>]+>/g, "") ?? "";
    };
    // A page that has nothing to do with it leaves it to the one that has.
    if (isSignedIn) expect(await banner("/settings")).toBe("");
    expect(await banner()).toContain(words);
    expect(await banner()).toBe("");
    expect(client.cookies.has("news")).toBe(false);
    expect(await banner()).toBe("");
  });
});
