import { data, redirect, type ActionFunctionArgs } from "@remix-run/node";
import { database, reading } from "#app/db.server.ts";
import { asStored, callingCodeOf, formatPhoneNumber, partOfNumber } from "#app/domain/e164.ts";
import { listAvailable } from "#app/domain/available-numbers.server.ts";
import { surveyOffer } from "#app/domain/offer-survey.server.ts";
import { remember } from "#app/domain/remember.ts";
import { numberFacts, type NumberKind } from "#app/domain/number-facts.ts";
import { assignForSure, UnknownOutcomeError } from "#app/domain/phone-numbers.server.ts";
import { noteAssignment } from "#app/log/events.server.ts";
import { by } from "#app/http/by.server.ts";
import { withNews } from "#app/http/news.server.ts";
import { budgetAnswer, faultAnswer } from "#app/http/faults.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { markRefused } from "#app/http/refused-form.server.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

/** What the two pages with the modal share: the numbers on offer, and taking one of them. */

const firstScreen = 30;
const screenMore = 30;
const longestList = 500;

/** What narrows the numbers that the modal offers; it is kept in the page's address. */
export interface ChoiceFilter {
  /** what was searched for, as typed */
  search: string;
  /** ISO 3166-1 alpha-2 */
  country: string | null;
  /** only numbers that are easy to remember */
  memorable: boolean;
  /** where a search that did not end on one page continues */
  after: string | null;
}

/** A number on offer. */
export interface OfferedNumber {
  /** E.164 */
  phoneNumber: string;
  shown: string;
  /** `Ireland · mobile`: what its numbering plan says about it; empty if nothing */
  facts: string;
}

/** The numbers that the modal offers. */
export interface Choice extends ChoiceFilter {
  /** whether `search` was filled in but has no digit, so that all numbers are offered */
  noDigits: boolean;
  numbers: OfferedNumber[];
  /** how many numbers match; null where more match than are shown and they were not counted */
  total: number | null;
  /** how many are available in all */
  available: number;
  /** the countries that have numbers, most numbers first */
  countries: { country: string; name: string; available: number }[];
  /** how many were asked for; with `more`, how many to ask for to see more */
  show: number;
  more: number | null;
  /** where the search continues, if a page could look through only part of the pool */
  next: string | null;
  /** whether the pool is larger than one screen, or a filter is already in use */
  searchable: boolean;
  /** whether this is the most that is shown, though there are more */
  isLongest: boolean;
  /** the last digits of a number on offer; null if none is shown */
  example: string | null;
  /** whether this answers a choice that was not accepted */
  refused: boolean;
  /** why the numbers have not changed; set by the browser, never by the server */
  fault?: string | undefined;
}

/** The outcome of a choice, for the modal. `number` is as shown to people. */
export type ChoiceAnswer =
  | { outcome: "assigned"; phoneNumber: string }
  | { outcome: "nothing-chosen" }
  | { outcome: "not-available"; number: string | null }
  | { outcome: "email-not-verified" }
  /** nothing was assigned, and nothing is wrong: the choice has to wait */
  | { outcome: "wait"; message: string }
  | { outcome: "fault"; message: string }
  /** no answer came, so the outcome is unknown */
  | { outcome: "cut-off"; message: string };

const numberPage = "/settings/phone";
const toNumberPage = async () =>
  redirect(numberPage, { headers: await withNews("already-has-number") });

/** The loader: a company that has its number is redirected to the page that shows it. */
export const offerNumbers = companyLoader(async ({ company, query, refused }): Promise<Choice> => {
  if (company.phoneNumber !== null) throw redirect(numberPage);
  const filter = filterOf(query);
  const { search, memorable } = filter;
  const asked = { search, memorable, country: filter.country ?? undefined };
  const count = Number(query.get("show") ?? firstScreen);
  const show = Number.isInteger(count)
    ? Math.min(Math.max(count, firstScreen), longestList)
    : firstScreen;

  // Each visitor starts at a different place, or all would compete for the same numbers.
  const survey = await surveyOffer(reading(), asked, `company ${company.id}`);
  const { available, matching, countries } = survey;
  const from = (matching ?? available) > firstScreen ? survey.from : undefined;
  const list = (cursor?: string) =>
    listAvailable(reading(), { ...asked, limit: show, cursor, from });
  let page = await list(filter.after ?? undefined);
  // Anything that is not a place in a search starts it afresh.
  if (!page.ok) page = await list();
  const numbers = page.ok ? page.numbers : [];
  const next = page.ok && numbers.length < show ? page.nextCursor : null;
  const goesOn = page.ok && page.nextCursor !== null;
  return {
    ...filter,
    noDigits: search !== "" && partOfNumber(search) === "",
    numbers: numbers.map(offered),
    total: matching ?? (goesOn ? null : numbers.length),
    available,
    countries: countries.map((one) => ({ ...one, name: countryName(one.country) })),
    show,
    more:
      goesOn && next === null && show < longestList
        ? Math.min(show + screenMore, longestList)
        : null,
    next,
    searchable: available > firstScreen || search !== "" || filter.country !== null || memorable,
    isLongest: goesOn && show === longestList && next === null,
    example: numbers[0]?.phoneNumber.slice(-3) ?? null,
    refused,
  };
});

function filterOf(query: URLSearchParams): ChoiceFilter {
  const country = (query.get("country") ?? "").toUpperCase();
  return {
    search: (query.get("search") ?? "").trim().slice(0, 40),
    country: callingCodeOf(country) === undefined ? null : country,
    memorable: query.get("memorable") === "1",
    after: query.get("after"),
  };
}

const kindNames: Record<NumberKind, string | undefined> = {
  mobile: "mobile",
  geographic: "landline",
  "geographic-or-mobile": undefined,
  "toll-free": "toll-free",
  voip: "internet",
  other: undefined,
};

function offered({ phoneNumber }: { phoneNumber: string }): OfferedNumber {
  const { country, kind } = numberFacts(phoneNumber);
  const facts = [country && countryName(country), kindNames[kind]];
  return {
    phoneNumber,
    shown: formatPhoneNumber(phoneNumber),
    facts: facts.filter((fact) => fact).join(" · "),
  };
}

const regionNames = new Intl.DisplayNames("en", { type: "region" });
const countryName = remember((country) => regionNames.of(country) ?? country);

/**
 * The action. A form sent as a document is redirected when done; one with the field `answer` =
 * `data` gets only the outcome.
 */
export const chooseNumber: (
  args: ActionFunctionArgs,
) => Promise<Response | ReturnType<typeof data<ChoiceAnswer>>> = pageAction(async (sent) => {
  const { form, context } = sent;
  const refuse = (answer: ChoiceAnswer, status: number, headers: Record<string, string> = {}) => {
    markRefused(context);
    return data(answer, { status, headers });
  };
  try {
    const { id } = await requireCompany(sent);
    const chosen = (form.phone_number ?? "").trim();
    if (chosen === "") return refuse({ outcome: "nothing-chosen" }, 400);
    const phoneNumber = asStored(chosen);
    const assignment = await assignForSure(database(), id, phoneNumber ?? "", by(sent));
    noteAssignment(sent, id, assignment.outcome);
    // Confirming twice is choosing once.
    const confirmed = "phoneNumber" in assignment && assignment.phoneNumber === phoneNumber;
    if (assignment.outcome === "budget-spent") {
      const { message, headers } = budgetAnswer(assignment);
      return refuse({ outcome: "wait", message }, 429, headers);
    }
    switch (confirmed ? "assigned" : assignment.outcome) {
      case "assigned":
        return form.answer === "data"
          ? data(
              { outcome: "assigned", phoneNumber: phoneNumber ?? "" },
              { headers: await withNews("assigned") },
            )
          : redirect("/dashboard", { headers: await withNews("assigned") });
      case "already-has-number":
        return toNumberPage();
      case "no-such-company":
        return redirect("/login");
      case "email-not-verified":
        return refuse({ outcome: "email-not-verified" }, 403);
      case "not-available":
        return refuse(
          {
            outcome: "not-available",
            number: phoneNumber ? formatPhoneNumber(phoneNumber) : null,
          },
          409,
        );
    }
  } catch (error) {
    if (error instanceof Response) throw error;
    const { status, headers } = faultAnswer(context, error);
    const message = `We couldn't assign a number. ${error instanceof UnknownOutcomeError ? "" : "Nothing was changed. "}Try again.`;
    if (form.answer === "data") {
      return data({ outcome: "fault", message }, { status, headers });
    }
    // The page behind the modal needs the database too, so a document is an error page.
    const { requestId } = exchangeOf(context);
    throw data({ message, requestId }, { status, headers });
  }
});
