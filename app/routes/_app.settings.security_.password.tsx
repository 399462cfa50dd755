import { redirect, type HeadersFunction, type MetaFunction } from "@remix-run/node";
import { useActionData, useLoaderData } from "@remix-run/react";
import { EndOtherAccess } from "#app/components/EndOtherAccess.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { PasswordField } from "#app/components/PasswordField.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { database } from "#app/db.server.ts";
import { changePassword, newPasswordFields } from "#app/domain/password-change.server.ts";
import { by } from "#app/http/by.server.ts";
import { checkFields, type FieldErrors } from "#app/http/fields.ts";
import { withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany, sessionId } from "#app/http/session.server.ts";
import { knownDevice, ownPasswordError } from "#app/http/sign-in.server.ts";

const title = "Change password";
const here = "/settings/security/password";
const above = { to: "/settings/security", title: "Security" };

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle(title, data?.refused);

export const headers: HeadersFunction = ({ actionHeaders }) => actionHeaders;

export const loader = companyLoader(async ({ company, refused }) => ({
  refused,
  email: company.email,
}));

const shownAgain = ["end_access"];

export const action = pageAction(async (sent) => {
  const company = await requireCompany(sent);
  const checked = checkFields(newPasswordFields(company), sent.form);
  const { current_password = "" } = sent.form;
  // An attempt counts only if the rest of the form is right.
  const missing = current_password === "" && { current_password: "Enter your present password." };
  if (!checked.ok || missing) {
    const errors: FieldErrors = { ...missing, ...(!checked.ok && checked.errors) };
    return refuseForm(sent, shownAgain, 400, errors);
  }
  try {
    const wrong = await ownPasswordError(sent, company, current_password);
    if (wrong) return refuseForm(sent, shownAgain, 400, { current_password: wrong });
    const { password } = checked.values;
    const keepId = sessionId(sent) ?? "";
    const ends = { otherAccess: sent.form.end_access === "yes" };
    const changed = await changePassword(database(), company, password, keepId, by(sent), ends);
    if (changed.outcome === "signed-out") return redirect("/login?signed-out=1");
    const headers = new Headers(await withNews("password-changed"));
    headers.append("Set-Cookie", await knownDevice(changed.passwordHash));
    return redirect(above.to, { headers });
  } catch (error) {
    return refuseFormFor(error, sent, shownAgain);
  }
});

export default function ChangePassword() {
  const { email } = useLoaderData<typeof loader>();
  const { errors, values } = useActionData<typeof action>() ?? {};
  return (
    <SettingsPage title={title} above={above} errors={errors} here={here}>
      <p>Everybody else who is signed in to the account is signed out.</p>
      <PostForm submit="Change password" submitting="Changing password…" action={here}>
        {/* For password managers, which store a password with its account. */}
        <input type="hidden" name="email" autoComplete="username" value={email} />
        <PasswordField
          name="current_password"
          label="Present password"
          autoComplete="current-password"
          error={errors?.current_password}
        />
        <PasswordField
          label="New password"
          autoComplete="new-password"
          hint="8 characters or more"
          error={errors?.password}
        />
        <EndOtherAccess chosen={values?.end_access === "yes"} />
      </PostForm>
    </SettingsPage>
  );
}
