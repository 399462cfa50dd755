import { redirect, type HeadersFunction, type MetaFunction } from "@remix-run/node";
import { useActionData, useLoaderData } from "@remix-run/react";
import { privatePageTitle } from "#app/components/page-title.ts";
import { PasswordField } from "#app/components/PasswordField.tsx";
import { PhoneNumber } from "#app/components/PhoneNumber.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { database } from "#app/db.server.ts";
import { eraseCompany } from "#app/domain/closed-companies.server.ts";
import { environment } from "#app/env.server.ts";
import { by } from "#app/http/by.server.ts";
import { withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { endSessionOf, requireCompany } from "#app/http/session.server.ts";
import { shownNumberOf } from "#app/http/shown-number.server.ts";
import { ownPasswordError } from "#app/http/sign-in.server.ts";

const title = "Close your account";
const here = "/settings/account/close";

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle(title, data?.refused);

export const headers: HeadersFunction = ({ actionHeaders }) => actionHeaders;

export const loader = companyLoader(async ({ company, refused }) => ({
  refused,
  number: shownNumberOf(company)?.shown ?? null,
  auditDays: environment().AUDIT_DAYS,
}));

export const action = pageAction(async (sent) => {
  const company = await requireCompany(sent);
  try {
    const wrong = await ownPasswordError(sent, company, sent.form.password ?? "");
    if (wrong) return refuseForm(sent, [], 400, { password: wrong });
    await eraseCompany(database(), company.id, by(sent));
    const headers = new Headers(await withNews("account-closed"));
    headers.append("Set-Cookie", await endSessionOf(sent));
    return redirect("/", { headers });
  } catch (error) {
    return refuseFormFor(error, sent, []);
  }
});

export default function CloseAccount() {
  const { number, auditDays } = useLoaderData<typeof loader>();
  const errors = useActionData<typeof action>()?.errors;
  return (
    <SettingsPage
      title={title}
      above={{ to: "/settings/account", title: "Account" }}
      errors={errors}
      here={here}
    >
      <p>
        <strong>Nobody can undo this.</strong> At once:
      </p>
      <ul>
        <li>
          Your names, email address, phone number and settings are erased, with all calls and
          messages.
        </li>
        <li>Everybody is signed out, and API tokens stop working.</li>
        {number !== null && (
          <li>
            <PhoneNumber>{number}</PhoneNumber> stays out of use for ever: you cannot get it back,
            and nobody else gets it. Callers hear that it is not in service.
          </li>
        )}
      </ul>
      <p>
        Recordings of messages are also deleted at the telephone company, within minutes as a rule.
        The security log keeps what was done with the account, by its number and by network address,
        for {auditDays} days. You may sign up again with the same email address, for another number.
      </p>
      <p>
        <a href="/settings/account/export" download>
          Download your data
        </a>{" "}
        first, if you want to keep it.
      </p>
      <PostForm submit="Close the account for ever" submitting="Closing…" action={here}>
        <PasswordField autoComplete="current-password" error={errors?.password} />
      </PostForm>
    </SettingsPage>
  );
}
