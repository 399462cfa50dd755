import type { Page } from "playwright-core";
import type { News } from "#app/http/news.server.ts";
import type { FurnishedSite, Who } from "./furnished-site.ts";

/** A page in some state: each is checked, and its picture has its name. */
export interface State {
  name: string;
  path: string | ((site: FurnishedSite) => string);
  /** who is signed in; by default nobody */
  who?: Who;
  /** the news that the page tells */
  news?: News;
  /** what is done before the page is opened */
  before?: (site: FurnishedSite) => Promise<unknown>;
  /** what is done on the page to get there */
  reach?: (page: Page, site: FurnishedSite) => Promise<unknown>;
  /** the heading of the page, or of its dialog, by which it is recognised */
  heading: string;
  /** what the page says only in this state */
  shows?: string;
}

/** Makes states that have much in common. */
export const each = (
  usual: Pick<State, "heading"> & Partial<State>,
  states: (Omit<State, "heading"> & Partial<State>)[],
): State[] => states.map((state) => ({ ...usual, ...state }));

/** Sends the form whose button has this text. */
export const send = (button: string) => (page: Page) =>
  page.locator("main").getByRole("button", { name: button, exact: true }).click();

/** What a page says about a rejected form. */
export const wrong = "There is a problem";
const start = "A phone number for your company, for good";

/** The states of public pages, and what can go wrong. */
export const publicStates: State[] = [
  { name: "home", path: "/", heading: start },
  { name: "home-closed", path: "/", news: "account-closed", heading: start, shows: "is closed" },
  { name: "sign-up", path: "/signup", heading: "Create an account" },
  {
    name: "sign-up-errors",
    path: "/signup",
    reach: send("Create account"),
    heading: "Create an account",
    shows: wrong,
  },
  { name: "log-in", path: "/login", heading: "Log in" },
  {
    name: "log-in-signed-out",
    path: "/login?redirectTo=%2Fsettings&signed-out=1",
    heading: "Log in",
    shows: "You were signed out.",
  },
  {
    name: "log-in-errors",
    path: "/login",
    reach: send("Log in"),
    heading: "Log in",
    shows: wrong,
  },
  { name: "forgot", path: "/forgot", heading: "Forgot your password" },
  {
    name: "forgot-errors",
    path: "/forgot",
    reach: send("Continue"),
    heading: "Forgot your password",
    shows: wrong,
  },
  {
    name: "forgot-sent",
    path: "/forgot?sent=yes",
    heading: "Forgot your password",
    shows: "a mail with a link is on its way",
  },
  {
    name: "reset",
    path: ({ links }) => `/reset/${links.reset}`,
    heading: "Choose a new password",
  },
  {
    name: "reset-errors",
    path: ({ links }) => `/reset/${links.reset}`,
    reach: send("Set password"),
    heading: "Choose a new password",
    shows: wrong,
  },
  { name: "reset-unusable", path: "/reset/x", heading: "This link cannot be used" },
  {
    name: "verify",
    path: ({ links }) => `/verify/${links.verify}`,
    heading: "Confirm your email address",
  },
  { name: "verify-unusable", path: "/verify/x", heading: "This link cannot be used" },
  {
    name: "told-asked",
    path: ({ links }) => `/told/${links.asked}`,
    heading: "Mail of missed calls",
    shows: "A company wants to tell",
  },
  {
    name: "told",
    path: ({ links }) => `/told/${links.told}`,
    heading: "Mail of missed calls",
    shows: "is told of missed calls",
  },
  { name: "told-stopped", path: "/told/x", heading: "No more mail" },
  { name: "api", path: "/api/docs", heading: "API" },
  { name: "not-found", path: "/nowhere", heading: "Page not found" },
  {
    name: "refused",
    path: "/login",
    // As another site's page would.
    reach: async (page, { url }) => {
      await page.goto("about:blank");
      await page.setContent(`<form method="post" action="${url}/login"><button>Go</button></form>`);
      await page.getByText("Go").click();
    },
    heading: "The form was refused",
    shows: "Go to the start page",
  },
  {
    name: "fault",
    path: "/settings",
    who: "busy",
    reach: async (page, { db }) => {
      await db.schema.renameTable("told_addresses", "elsewhere");
      await page.goto("/settings/calls/mail");
      await db.schema.renameTable("elsewhere", "told_addresses");
    },
    heading: "Something went wrong",
  },
  { name: "log-out", path: "/logout", who: "quiet", heading: "Log out" },
];
