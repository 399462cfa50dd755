import { data, redirect, type ActionFunctionArgs } from "@remix-run/node";
import { database, reading } from "#app/db.server.ts";
import { asStored, formatPhoneNumber, partOfNumber } from "#app/domain/e164.ts";
import { countAvailable, listAvailable } from "#app/domain/available-numbers.server.ts";
import { assignForSure, UnknownOutcomeError } from "#app/domain/phone-numbers.server.ts";
import { noteAssignment } from "#app/log/events.server.ts";
import { by } from "#app/http/by.server.ts";
import { withNews } from "#app/http/news.server.ts";
import { faultAnswer } from "#app/http/faults.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { markRefused } from "#app/http/refused-form.server.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

/** What the two pages with the modal share: the numbers on offer, and taking one of them. */

const firstScreen = 10;
const screenMore = 20;
const longestList = 500;

/** The numbers that the modal offers. */
export interface Choice {
  /** what was searched for, as typed */
  search: string;
  /** whether `search` is something, but has not a digit in it, so that all numbers are offered */
  noDigits: boolean;
  numbers: { phoneNumber: string; shown: string }[];
  /** how many numbers match */
  total: number;
  /** how many are available at all */
  available: number;
  /** how many are asked for; with `more`, how many to ask for to see more */
  show: number;
  more: number | null;
  /** whether the pool is larger than one screen */
  searchable: boolean;
  /** whether this answers a choice that was not accepted */
  refused: boolean;
  /** why these are still the numbers of before; the browser's own word, never the server's */
  fault?: string | undefined;
}

/** What came of a choice, for the modal. `number` is as it is shown. */
export type ChoiceAnswer =
  | { outcome: "assigned"; phoneNumber: string }
  | { outcome: "nothing-chosen" }
  | { outcome: "not-available"; number: string | null }
  | { outcome: "email-not-verified" }
  | { outcome: "fault"; message: string }
  /** no answer came, so that nobody knows what became of it */
  | { outcome: "cut-off"; message: string };

const numberPage = "/settings/phone";
const toNumberPage = async () =>
  redirect(numberPage, { headers: await withNews("already-has-number") });

/** The loader: a company that has its number is sent to where it sees it. */
export const offerNumbers = companyLoader(async ({ company, query, refused }): Promise<Choice> => {
  if (company.phoneNumber !== null) throw redirect(numberPage);
  const search = (query.get("search") ?? "").trim().slice(0, 40);
  const count = Number(query.get("show") ?? firstScreen);
  const show = Number.isInteger(count)
    ? Math.min(Math.max(count, firstScreen), longestList)
    : firstScreen;

  const [page, { available, matching: total }] = await Promise.all([
    listAvailable(reading(), { limit: show, search }),
    countAvailable(reading(), search),
  ]);
  const numbers = page.ok ? page.numbers : [];
  return {
    search,
    noDigits: search !== "" && partOfNumber(search) === "",
    numbers: numbers.map(({ phoneNumber }) => ({
      phoneNumber,
      shown: formatPhoneNumber(phoneNumber),
    })),
    total,
    available,
    show,
    more:
      total > numbers.length && show < longestList
        ? Math.min(show + screenMore, longestList)
        : null,
    searchable: available > firstScreen || search !== "",
    refused,
  };
});

/**
 * The action. A form sent as a document is redirected when it is done; one that has the field `answer` = `data` gets
 * the outcome alone.
 */
export const chooseNumber: (
  args: ActionFunctionArgs,
) => Promise<Response | ReturnType<typeof data<ChoiceAnswer>>> = pageAction(async (sent) => {
  const { form, context } = sent;
  const refuse = (answer: ChoiceAnswer, status: number) => {
    markRefused(context);
    return data(answer, { status });
  };
  try {
    const { id } = await requireCompany(sent);
    const chosen = (form.phone_number ?? "").trim();
    if (chosen === "") return refuse({ outcome: "nothing-chosen" }, 400);
    const phoneNumber = asStored(chosen);
    const assignment = await assignForSure(database(), id, phoneNumber ?? "", by(sent));
    noteAssignment(sent, id, assignment.outcome);
    // Whoever confirms twice has chosen once.
    const confirmed = "phoneNumber" in assignment && assignment.phoneNumber === phoneNumber;
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
