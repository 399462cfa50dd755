import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { Banner } from "#app/components/Banner.tsx";
import { CallHandlingForm } from "#app/components/CallHandlingForm.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { WithPhoneNumbers } from "#app/components/PhoneNumber.tsx";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { reading } from "#app/db.server.ts";
import { callHandlingOf, type CallHandling } from "#app/domain/call-handling.server.ts";
import { dialCountries, mayBeRung } from "#app/domain/call-targets.server.ts";
import { sendsMail } from "#app/domain/mail-queue.server.ts";
import {
  fieldsOf,
  saveCallHandlingForm,
  shownAgain,
} from "#app/http/call-handling-fields.server.ts";
import { callersHear, namedLanguages, namesOf } from "#app/http/call-handling-words.server.ts";
import { formOwner, keepForm, takeKeptForm } from "#app/http/kept-form.server.ts";
import { takeNews, withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany } from "#app/http/session.server.ts";

const title = "Call handling";
const here = "/settings/calls";

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle(title, data?.refused);

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
  const { isNews, headers } = await takeNews(asked, "saved");
  const kept = await takeKeptForm(asked, company.id);
  const taken: CallHandling = isRung ? handling : { ...handling, mode: "message", target: null };
  return data(
    {
      refused,
      saved: isNews && !refused,
      unsaved: kept.values !== undefined && !refused,
      hears: callersHear(taken),
      values: { ...(kept.values ?? fieldsOf(handling)), [formOwner]: String(company.id) },
      countries: namesOf(countries),
      languages: namedLanguages,
      isRung,
      mail: sendsMail(),
    },
    { headers: [...Object.entries(headers), ...Object.entries(kept.headers)] },
  );
});

const notRung =
  "This phone is not rung any more, since calls cannot be passed on to it: callers are asked for a message instead. Enter another.";

export const action = pageAction(async (sent) => {
  const { id } = await requireCompany(sent, () => keepForm(sent, shownAgain));
  try {
    const errors = await saveCallHandlingForm(id, sent.form);
    if (errors) return refuseForm(sent, shownAgain, 400, errors);
    return redirect(here, { headers: await withNews("saved") });
  } catch (error) {
    return refuseFormFor(error, sent, shownAgain);
  }
});

export default function CallHandlingSettings() {
  const { saved, unsaved, hears, values, isRung, mail, ...offered } =
    useLoaderData<typeof loader>();
  const refused = useActionData<typeof action>();
  return (
    <SettingsPage title={title} errors={refused?.errors} news={saved && "Saved."} here={here}>
      {unsaved && (
        <Banner>This is what you typed before you were signed out. It is not saved yet.</Banner>
      )}
      <p>
        <strong>Callers hear:</strong> <WithPhoneNumbers text={hears} />
      </p>
      <div className="beside">
        <CallHandlingForm
          {...offered}
          values={{ ...values, ...refused?.values }}
          errors={refused?.errors ?? (isRung ? undefined : { phone: notRung })}
        />
        <div>
          <ul className="sections">
            <li>
              <Link to="/settings/calls/blocked">Who may not call</Link>
              <p className="hint">Blocked callers and withheld numbers</p>
            </li>
            {mail && (
              <li>
                <Link to="/settings/calls/mail">Mail of missed calls</Link>
                <p className="hint">Who is told of missed calls and messages</p>
              </li>
            )}
          </ul>
        </div>
      </div>
    </SettingsPage>
  );
}
