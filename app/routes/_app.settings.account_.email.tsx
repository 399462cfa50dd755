import { redirect, type HeadersFunction, type MetaFunction } from "@remix-run/node";
import { useActionData, useLoaderData } from "@remix-run/react";
import { z } from "zod";
import { TextField } from "#app/components/Field.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { PasswordField } from "#app/components/PasswordField.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { database } from "#app/db.server.ts";
import { emailField } from "#app/domain/companies.server.ts";
import { sendsMail } from "#app/domain/mail-queue.server.ts";
import { requestEmailChange } from "#app/domain/verified-emails.server.ts";
import { by } from "#app/http/by.server.ts";
import { checkFields } from "#app/http/fields.ts";
import { withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { ownPasswordError } from "#app/http/sign-in.server.ts";

const title = "Change email address";
const here = "/settings/account/email";
const above = { to: "/settings/account", title: "Account" };

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle(title, data?.refused);

export const headers: HeadersFunction = ({ actionHeaders }) => actionHeaders;

export const loader = companyLoader(async ({ company, refused }) => ({
  refused,
  email: company.email,
  isVerified: sendsMail(),
}));

const fields = z.object({ email: emailField });
const shownAgain = ["email"];

export const action = pageAction(async (sent) => {
  const company = await requireCompany(sent);
  const { password = "" } = sent.form;
  const checked = checkFields(fields, sent.form);
  if (!checked.ok) {
    const missing = password === "" && { password: "Enter your password." };
    return refuseForm(sent, shownAgain, 400, { ...checked.errors, ...missing });
  }
  try {
    const wrong = await ownPasswordError(sent, company, password);
    if (wrong) return refuseForm(sent, shownAgain, 400, { password: wrong });
    const { email } = checked.values;
    switch (await requestEmailChange(database(), company.id, email, by(sent))) {
      case "changed":
        return redirect(above.to, { headers: await withNews("email-changed") });
      case "link-sent":
        return redirect(above.to);
      case "same-email":
        return refuseForm(sent, shownAgain, 400, { email: "That is your email address already." });
      case "email-taken": {
        const error = "An account with this email address already exists.";
        return refuseForm(sent, shownAgain, 409, { email: error });
      }
    }
  } catch (error) {
    return refuseFormFor(error, sent, shownAgain);
  }
});

export default function ChangeEmail() {
  const { email, isVerified } = useLoaderData<typeof loader>();
  const refused = useActionData<typeof action>();
  const errors = refused?.errors;
  return (
    <SettingsPage title={title} above={above} errors={errors} here={here}>
      <p className="breaks">
        You log in with <bdi>{email}</bdi>.{" "}
        {isVerified &&
          "A link is sent to the new address, and until you open it nothing changes. The old one is told."}
      </p>
      <PostForm submit="Change email address" submitting="Changing…" action={here}>
        <TextField
          name="email"
          type="email"
          label="New email address"
          autoComplete="email"
          value={refused?.values.email}
          error={errors?.email}
        />
        <PasswordField autoComplete="current-password" error={errors?.password} />
      </PostForm>
    </SettingsPage>
  );
}
