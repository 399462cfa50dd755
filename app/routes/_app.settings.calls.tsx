import { redirect, type HeadersFunction, type MetaFunction } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { CallHandlingForm } from "#app/components/CallHandlingForm.tsx";
import { ErrorSummary } from "#app/components/ErrorSummary.tsx";
import { Main } from "#app/components/Main.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { database, reading } from "#app/db.server.ts";
import {
  callHandlingFields,
  callHandlingOf,
  saveCallHandling,
  targetFields,
  type CallHandling,
} from "#app/domain/call-handling.server.ts";
import { dialCountries, mayBeRung } from "#app/domain/call-targets.server.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { checkFields } from "#app/http/fields.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany } from "#app/http/session.server.ts";

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle("Call handling", data?.refused);

export const headers: HeadersFunction = ({ actionHeaders }) => actionHeaders;

export const loader = companyLoader(async ({ company, query, refused }) => {
  const [handling, countries] = await Promise.all([
    callHandlingOf(reading(), company.id),
    dialCountries(reading()),
  ]);
  if (!handling) throw redirect("/login");
  const saved = query.has("saved") && !refused;
  const { mode, target } = handling;
  const isRung =
    mode !== "phone" || (await mayBeRung(reading(), target ?? "", company.phoneNumber));
  return { refused, saved, values: fieldsOf(handling), countries: namesOf(countries), isRung };
});

const countryNames = new Intl.DisplayNames("en", { type: "region" });

function namesOf(countries: readonly string[]): string[] {
  return countries.map((code) => countryNames.of(code) ?? code).sort();
}

const shownAgain = [
  "greeting",
  "mode",
  ...Object.values(targetFields),
  "ring_seconds",
  "take_message",
];
const notRung =
  "This phone is not rung any more, since calls cannot be passed on to it: callers are asked for a message instead. Enter another.";
const ringsThePool =
  "This is one of the numbers that calls come in on, so it would ring itself. Enter another.";

export const action = pageAction(async (sent) => {
  const { id } = await requireCompany(sent);
  const checked = checkFields(callHandlingFields, sent.form);
  if (!checked.ok) return refuseForm(sent, shownAgain, 400, checked.errors);
  try {
    const { values } = checked;
    const outcome = await saveCallHandling(database(), id, values);
    if (outcome === "saved") return redirect("/settings/calls?saved=1");
    const error =
      outcome === "rings-the-pool"
        ? ringsThePool
        : `Calls go to phones in these countries only: ${namesOf(await dialCountries(database())).join(", ")}.`;
    const field = values.mode === "sip" ? targetFields.sip : targetFields.phone;
    return refuseForm(sent, shownAgain, 400, { [field]: error });
  } catch (error) {
    return refuseFormFor(error, sent, shownAgain);
  }
});

/** What the form would send to say `handling`. */
function fieldsOf({ mode, target, ...handling }: CallHandling) {
  const shown = mode === "phone" ? formatPhoneNumber(target ?? "") : target;
  return {
    greeting: handling.greeting,
    mode,
    ...(mode !== "message" && { [targetFields[mode]]: shown ?? "" }),
    ring_seconds: String(handling.ringSeconds),
    take_message: handling.takeMessage ? "on" : "",
  };
}

export default function CallHandlingSettings() {
  const { saved, values, countries, isRung } = useLoaderData<typeof loader>();
  const refused = useActionData<typeof action>();
  return (
    <Main>
      {refused && <ErrorSummary errors={refused.errors} />}
      {saved && (
        <div className="banner" role="status" tabIndex={-1} data-takes-focus>
          <p>Saved.</p>
          <Link className="button quiet" to="/settings/calls" replace>
            Dismiss<span className="visually-hidden"> this message</span>
          </Link>
        </div>
      )}
      <p className="over-heading">
        <Link to="/settings">Settings</Link>
      </p>
      <h1 tabIndex={-1}>Call handling</h1>
      <CallHandlingForm
        values={refused?.values ?? values}
        errors={refused?.errors ?? (isRung ? undefined : { phone: notRung })}
        countries={countries}
      />
    </Main>
  );
}
