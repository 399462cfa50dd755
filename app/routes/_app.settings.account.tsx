import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { asTyped, SelectField } from "#app/components/Field.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { PostForm } from "#app/components/PostForm.tsx";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { WhoFields } from "#app/components/WhoFields.tsx";
import { YourData } from "#app/components/YourData.tsx";
import { database } from "#app/db.server.ts";
import { accountFields, accountForm, saveAccount } from "#app/domain/account.server.ts";
import { timeZones } from "#app/domain/time-zone.server.ts";
import { by } from "#app/http/by.server.ts";
import { checkFields } from "#app/http/fields.ts";
import { formOwner, keepForm, takeKeptForm } from "#app/http/kept-form.server.ts";
import { takeNews, withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany } from "#app/http/session.server.ts";

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle("Account", data?.refused);

export { headersOfAction as headers } from "#app/http/page.server.ts";

export const loader = companyLoader(async ({ company, refused, ...asked }) => {
  const [saved, kept] = [await takeNews(asked, "saved"), await takeKeptForm(asked, company.id)];
  const values = {
    ...accountForm(company),
    ...kept.values,
    [formOwner]: String(company.id),
  };
  const unsaved =
    kept.values && "This is what you typed before you were signed out. It is not saved yet.";
  const news = (saved.isNews && "Saved.") || unsaved;
  return data(
    {
      refused,
      news: refused ? undefined : news,
      email: company.email,
      values,
      timeZones: [...new Set([...timeZones(), company.timeZone])],
    },
    { headers: [saved, kept].flatMap(({ headers }) => Object.entries(headers)) },
  );
});

const shownAgain = ["company_name", "owner_name", "phone", "time_zone"];

export const action = pageAction(async (sent) => {
  const company = await requireCompany(sent, () => keepForm(sent, shownAgain));
  const checked = checkFields(accountFields(company.phone), sent.form);
  if (!checked.ok) return refuseForm(sent, shownAgain, 400, checked.errors);
  try {
    const outcome = await saveAccount(database(), company, checked.values, by(sent));
    if (outcome === "gone") return redirect("/");
    return redirect("/settings/account", { headers: await withNews("saved") });
  } catch (error) {
    return refuseFormFor(error, sent, shownAgain);
  }
});

export default function Account() {
  const { news, email, timeZones, ...loaded } = useLoaderData<typeof loader>();
  const refused = useActionData<typeof action>();
  const values = { ...loaded.values, ...refused?.values };
  const errors = refused?.errors;
  return (
    <SettingsPage title="Account" errors={errors} news={news} here="/settings/account">
      <div className="beside">
        <PostForm submit="Save" submitting="Saving…" action="/settings/account">
          <input type="hidden" name="form_owner" value={values.form_owner} />
          <WhoFields
            values={values}
            errors={errors}
            phoneHint="So that we can reach you. Calls ring it until you say otherwise in Call handling."
          />
          <SelectField
            {...asTyped("time_zone", values, errors)}
            label="Time zone"
            hint="Dates and times are shown in it."
            options={timeZones}
          />
        </PostForm>
        <div>
          <section className="card" aria-label="Email address">
            <dl>
              <dt>Email address</dt>
              <dd className="breaks">
                <bdi>{email}</bdi>
              </dd>
            </dl>
            <p className="actions">
              <Link className="button secondary" to="/settings/email">
                Change<span className="visually-hidden"> email address</span>
              </Link>
            </p>
          </section>
          <YourData />
        </div>
      </div>
    </SettingsPage>
  );
}
