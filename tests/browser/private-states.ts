import type { Page } from "playwright-core";
import { offer } from "./furnished-site.ts";
import { each, send, wrong, type State } from "./states.ts";
import { confirm, rows, takeNumber, valueOf } from "./visitor.ts";

const dashboard = "/dashboard";
const dashboards = each({ heading: "Dashboard", path: dashboard }, [
  {
    name: "dashboard-without-number",
    path: dashboard,
    who: "fresh",
    shows: "You don't have a number yet",
  },
  {
    name: "dashboard-new",
    path: dashboard,
    who: "quiet",
    news: "assigned",
    shows: "is your number.",
  },
  { name: "dashboard-quiet", path: dashboard, who: "quiet", shows: "Make it yours" },
  {
    name: "dashboard-busy",
    path: dashboard,
    who: "busy",
    reach: (page) => page.click("summary"),
    shows: "Recent calls",
  },
  { name: "dashboard-demo", path: dashboard, who: "demo", shows: "is a demo number" },
  { name: "dashboard-idle", path: dashboard, who: "idle", shows: "No calls from" },
  { name: "dashboard-gone", path: dashboard, who: "gone", shows: "Calls do not reach you" },
]);

const picker = "/dashboard/choose-number";
/** In this order, since each has the numbers on offer that the one before has left. */
const pickers = each({ heading: "Choose Your Phone Number", who: "fresh" }, [
  {
    name: "picker-empty",
    path: picker,
    before: (site) => offer(site, 0),
    shows: "No phone numbers available right now.",
  },
  {
    name: "picker-few",
    path: picker,
    before: (site) => offer(site, 7),
    shows: "7 numbers available",
  },
  {
    name: "picker-many",
    path: picker,
    before: (site) => offer(site, 75),
    shows: "Showing 30 of 75",
  },
  { name: "picker-more", path: `${picker}?show=60`, shows: "Showing 60 of 75" },
  { name: "picker-country", path: `${picker}?country=IE`, shows: "30 numbers match" },
  { name: "picker-searched", path: `${picker}?search=86555`, shows: "15 numbers match" },
  { name: "picker-no-match", path: `${picker}?search=777777`, shows: "No numbers contain 777777." },
  { name: "picker-no-digits", path: `${picker}?search=abc`, shows: "Type digits to search." },
  {
    name: "picker-nothing-chosen",
    path: picker,
    reach: (page) => confirm(page).click(),
    shows: "Select a phone number, or skip for now.",
  },
  {
    name: "picker-chosen",
    path: picker,
    reach: (page) => rows(page).nth(1).click(),
    shows: "Showing 30 of 75",
  },
  {
    name: "picker-kept",
    path: picker,
    reach: async (page) => {
      await rows(page).nth(1).click();
      await page.fill("#search", "777777");
      await page.press("#search", "Enter");
    },
    shows: "No numbers contain 777777.",
  },
  {
    name: "picker-taken",
    path: picker,
    reach: async (page, { db }) => {
      const number = await valueOf(page, 1);
      await rows(page).nth(1).click();
      await takeNumber(db, number);
      await confirm(page).click();
    },
    shows: "is no longer available. Choose another.",
  },
  { name: "picker-in-settings", path: "/settings/phone/choose", shows: "Cancel" },
]);

const calls = each({ heading: "Calls", who: "busy" }, [
  { name: "calls-without-number", path: "/calls", who: "fresh", shows: "You need a number first." },
  { name: "calls-none", path: "/calls", who: "quiet", shows: "to test it." },
  { name: "calls-demo", path: "/calls", who: "demo", shows: "is a demo number" },
  { name: "calls", path: "/calls", shows: "Older calls" },
  { name: "calls-missed", path: "/calls?outcome=missed", shows: "The caller left no message." },
  { name: "calls-messages", path: "/calls?outcome=message", shows: "Not heard yet" },
  { name: "calls-answered", path: "/calls?outcome=answered", shows: "Answered" },
  { name: "calls-searched", path: "/calls?search=87111&since=2026-01-01", shows: "Clear" },
  { name: "calls-no-match", path: "/calls?search=98765", shows: "No calls like that." },
  { name: "calls-errors", path: "/calls?since=2026-11-22&until=2026-11-21", shows: wrong },
  { name: "calls-news", path: "/calls", news: "caller-blocked", shows: "See who is blocked" },
  {
    name: "message-delete",
    path: ({ unheard }) => `/calls/${unheard}/message/delete`,
    heading: "Delete this message?",
  },
]);

/**
 * Chooses what happens to a call; where scripts run, that hides the fields of the other choices.
 */
const mode = (value: string) => (page: Page) => page.check(`[name=mode][value=${value}]`);

const callHandling = each({ heading: "Call handling", who: "busy" }, [
  { name: "handling", path: "/settings/calls", shows: "Callers hear:" },
  ...each(
    { heading: "Call handling" },
    ["phone", "sip", "stream", "message"].map((value) => ({
      name: `handling-${value}`,
      path: "/settings/calls",
      reach: mode(value),
    })),
  ),
  {
    name: "handling-errors",
    path: "/settings/calls",
    reach: async (page) => {
      await mode("phone")(page);
      await page.fill("[name=greeting]", "x".repeat(600));
      await page.fill("[name=phone]", "086 1");
      await page.fill("[name=ring_seconds]", "600");
      await send("Save")(page);
    },
    shows: wrong,
  },
  { name: "handling-saved", path: "/settings/calls", news: "saved", shows: "Saved." },
]);

const whoMayNotCall = each({ heading: "Who may not call", who: "busy" }, [
  { name: "blocked", path: "/settings/calls/blocked", shows: "Unblock" },
  {
    name: "blocked-none",
    path: "/settings/calls/blocked",
    who: "quiet",
    shows: "Nobody is blocked.",
  },
  { name: "blocked-errors", path: "/settings/calls/blocked", reach: send("Block"), shows: wrong },
]);

const mail = each({ heading: "Mail of missed calls", who: "busy" }, [
  { name: "mail", path: "/settings/calls/mail", shows: "not confirmed yet" },
  { name: "mail-none", path: "/settings/calls/mail", who: "quiet", shows: "Nobody is told yet." },
  { name: "mail-errors", path: "/settings/calls/mail", reach: send("Add"), shows: wrong },
]);

const account = each({ heading: "Account", who: "busy" }, [
  { name: "account", path: "/settings/account", shows: "Download your data" },
  {
    name: "account-errors",
    path: "/settings/account",
    reach: async (page) => {
      await page.fill("[name=company_name]", "");
      await page.fill("[name=phone]", "086 1");
      await send("Save")(page);
    },
    shows: wrong,
  },
  { name: "account-saved", path: "/settings/account", news: "saved", shows: "Saved." },
  ...each({ heading: "Close your account" }, [
    { name: "close", path: "/settings/account/close", shows: "Nobody can undo this." },
    {
      name: "close-errors",
      path: "/settings/account/close",
      reach: send("Close the account for ever"),
      shows: wrong,
    },
  ]),
  ...each({ heading: "Email address" }, [
    { name: "email", path: "/settings/email", who: "quiet", shows: "which is confirmed." },
    { name: "email-pending", path: "/settings/email", shows: "Send the link again" },
    {
      name: "email-errors",
      path: "/settings/email",
      reach: send("Change email address"),
      shows: wrong,
    },
  ]),
]);

const security = each({ heading: "Security", who: "busy" }, [
  { name: "security", path: "/settings/security", shows: "Recent events" },
  { name: "security-fresh", path: "/settings/security", who: "fresh", shows: "no recovery codes" },
  {
    name: "security-errors",
    path: "/settings/security",
    reach: send("Make new codes"),
    shows: wrong,
  },
  {
    name: "security-codes",
    path: "/settings/security",
    reach: async (page, { password }) => {
      await page.fill("[name=password]", password);
      await send("Make new codes")(page);
    },
    shows: "They are shown this once.",
  },
  ...each({ heading: "Change password" }, [
    { name: "password", path: "/settings/security/password" },
    {
      name: "password-errors",
      path: "/settings/security/password",
      reach: send("Change password"),
      shows: wrong,
    },
  ]),
  ...each({ heading: "Sessions" }, [
    { name: "sessions", path: "/settings/security/sessions", shows: "Firefox" },
  ]),
  ...each({ heading: "End all other sessions" }, [
    { name: "sessions-end", path: "/settings/security/sessions/others" },
  ]),
]);

const tokens = each({ heading: "API tokens", who: "busy" }, [
  { name: "tokens", path: "/settings/tokens", shows: "Your tokens" },
  { name: "tokens-none", path: "/settings/tokens", who: "fresh", shows: "Make a token" },
  { name: "tokens-errors", path: "/settings/tokens", reach: send("Make token"), shows: wrong },
  {
    name: "tokens-made",
    path: "/settings/tokens",
    reach: async (page) => {
      await page.fill("[name=name]", "Voice agent");
      await page.check("#scopes");
      await send("Make token")(page);
    },
    shows: "Copy it now",
  },
  {
    name: "tokens-revoke",
    path: ({ token }) => `/settings/tokens/${token}/revoke`,
    heading: "Revoke Nightly copy of the calls to the accounting system?",
  },
]);

const settings = each({ heading: "Settings", who: "busy" }, [
  { name: "settings", path: "/settings", shows: "1 token" },
  { name: "settings-fresh", path: "/settings", who: "fresh", shows: "None yet" },
  ...each({ heading: "Phone Configuration", path: "/settings/phone" }, [
    { name: "phone", path: "/settings/phone", shows: "Permanent." },
    { name: "phone-none", path: "/settings/phone", who: "fresh", shows: "Configure Phone" },
    {
      name: "phone-news",
      path: "/settings/phone",
      news: "already-has-number",
      shows: "Your company already has a number.",
    },
  ]),
]);

/** The states of private pages. */
export const privateStates: State[] = [
  dashboards,
  pickers,
  calls,
  settings,
  callHandling,
  whoMayNotCall,
  mail,
  account,
  security,
  tokens,
].flat();
