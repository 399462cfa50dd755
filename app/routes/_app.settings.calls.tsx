import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { Banner } from "#app/components/Banner.tsx";
import { CallHandlingForm } from "#app/components/CallHandlingForm.tsx";
import { ErrorSummary } from "#app/components/ErrorSummary.tsx";
import { Main } from "#app/components/Main.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { database, reading } from "#app/db.server.ts";
import {
  callHandlingFields,
  callTargetFields,
  targetFields,
} from "#app/domain/call-handling-form.server.ts";
import { callHandlingOf, saveCallHandling, whyNotRung } from "#app/domain/call-handling.server.ts";
import { dialCountries, mayBeRung } from "#app/domain/call-targets.server.ts";
import { sendsMail } from "#app/domain/mail-queue.server.ts";
import { fieldsOf, namesOf, shownAgain } from "#app/http/call-handling-fields.server.ts";
import { whyNotSaved } from "#app/http/call-handling-words.server.ts";
import { checkFields } from "#app/http/fields.ts";
import { formOwner, keepForm, takeKeptForm } from "#app/http/kept-form.server.ts";
import { takeNews, withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany } from "#app/http/session.server.ts";

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle("Call handling", data?.refused);

export { headersOfAction as headers } from "#app/http/page.server.ts";

export const loader = companyLoader(async ({ company, refused, ...asked }) => {
  const [handling, countries] = await Promise.all([
    callHandlingOf(reading(), company.id),
    dialCountries(reading()),
  ]);
  if (!handling) throw redirect("/login");
  const { mode, target } = handling;
  const isRung =
    mode !== "phone" || (await mayBeRung(reading(), target ?? "", company.phoneNumber));
  const news = await takeNews(asked, "saved");
  const kept = await takeKeptForm(asked, company.id);
  return data(
    {
      refused,
      saved: news.isNews && !refused,
      unsaved: kept.values !== undefined && !refused,
      values: { ...(kept.values ?? fieldsOf(handling)), [formOwner]: String(company.id) },
      countries: namesOf(countries),
      isRung,
      mail: sendsMail(),
    },
    { headers: [...Object.entries(news.headers), ...Object.entries(kept.headers)] },
  );
});

const notRung =
  "This phone is not rung any more, since calls cannot be passed on to it: callers are asked for a message instead. Enter another.";

export const action = pageAction(async (sent) => {
  const { id } = await requireCompany(sent, () => keepForm(sent, shownAgain));
  try {
    const checked = checkFields(callHandlingFields, sent.form);
    const where = checkFields(callTargetFields, sent.form);
    const outcome = checked.ok
      ? await saveCallHandling(database(), id, checked.values)
      : where.ok && (await whyNotRung(database(), where.values));
    if (outcome === "saved") {
      return redirect("/settings/calls", { headers: await withNews("saved") });
    }
    // All that is wrong is told at once, also what only the database knows.
    const errors = checked.ok ? {} : checked.errors;
    if (outcome && where.ok) {
      const field = where.values.mode === "sip" ? targetFields.sip : targetFields.phone;
      errors[field] = await whyNotSaved(outcome);
    }
    return refuseForm(sent, shownAgain, 400, errors);
  } catch (error) {
    return refuseFormFor(error, sent, shownAgain);
  }
});

export default function CallHandlingSettings() {
  const { saved, unsaved, values, countries, isRung, mail } = useLoaderData<typeof loader>();
  const refused = useActionData<typeof action>();
  return (
    <Main>
      {refused && <ErrorSummary errors={refused.errors} />}
      {saved && <Banner dismissTo="/settings/calls">Saved.</Banner>}
      {unsaved && (
        <Banner>This is what you typed before you were signed out. It is not saved yet.</Banner>
      )}
      <p className="over-heading">
        <Link to="/settings">Settings</Link>
      </p>
      <h1 tabIndex={-1}>Call handling</h1>
      <p>
        <Link className="button quiet" to="/settings/calls/blocked">
          Who may not call
        </Link>
        : blocked callers and withheld numbers
      </p>
      {mail && (
        <p>
          <Link className="button quiet" to="/settings/calls/mail">
            Mail of missed calls
          </Link>
          : who is told of missed calls and messages
        </p>
      )}
      <CallHandlingForm
        values={{ ...values, ...refused?.values }}
        errors={refused?.errors ?? (isRung ? undefined : { phone: notRung })}
        countries={countries}
      />
    </Main>
  );
}
