import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { privatePageTitle } from "#app/components/page-title.ts";
import { NewCodes, RecoveryCodes } from "#app/components/RecoveryCodes.tsx";
import { SecurityEvents } from "#app/components/SecurityEvents.tsx";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { database, reading } from "#app/db.server.ts";
import { makeRecoveryCodes, recoveryCodesOf } from "#app/domain/recovery-codes.server.ts";
import { by } from "#app/http/by.server.ts";
import { takeNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany, sessionId } from "#app/http/session.server.ts";
import { shownEvents } from "#app/http/shown-event.server.ts";
import { ownPasswordError } from "#app/http/sign-in.server.ts";

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle("Security", data?.refused);

export { headersOfAction as headers } from "#app/http/page.server.ts";

export const loader = companyLoader(async ({ company, refused, ...asked }) => {
  const [{ isNews, headers }, codes, events] = await Promise.all([
    takeNews(asked, "password-changed"),
    recoveryCodesOf(reading(), company.id),
    shownEvents(company),
  ]);
  return data({ refused, email: company.email, codes, events, isNews }, { headers });
});

const madeAlready =
  "These codes were made before and are not shown again. To replace them, make new ones.";

/** Makes recovery codes; it needs the password, and only this answer shows them. */
export const action = pageAction(async (sent) => {
  const company = await requireCompany(sent);
  try {
    const wrong = await ownPasswordError(sent, company, sent.form.password ?? "");
    if (wrong) return refuseForm(sent, [], 400, { password: wrong });
    const batch = sent.form.batch ?? (await recoveryCodesOf(database(), company.id)).batch;
    const own = sessionId(sent);
    const made = await makeRecoveryCodes(database(), company.id, batch, by(sent), own);
    if (made.outcome === "signed-out") return redirect("/login?signed-out=1");
    return made.outcome === "made"
      ? data({ made: made.codes, errors: undefined })
      : refuseForm(sent, [], 409, { password: madeAlready });
  } catch (error) {
    return refuseFormFor(error, sent, []);
  }
});

export default function Security() {
  const { codes, email, events, isNews } = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  const errors = answer?.errors;
  const made = answer && "made" in answer ? answer.made : undefined;
  return (
    <SettingsPage
      title="Security"
      errors={errors}
      news={isNews && "Your password is changed, and everybody else is signed out."}
      here="/settings/security"
    >
      {made ? (
        <NewCodes codes={made} email={email} />
      ) : (
        <>
          <ul className="sections">
            <li>
              <Link to="/settings/security/password">Change password</Link>
              <p className="hint">Everybody else is signed out</p>
            </li>
            <li>
              <Link to="/settings/security/sessions">Sessions</Link>
              <p className="hint">Where somebody is signed in, and signing them out</p>
            </li>
          </ul>
          <div className="beside">
            <RecoveryCodes {...codes} error={errors?.password} />
            <SecurityEvents events={events} />
          </div>
        </>
      )}
    </SettingsPage>
  );
}
