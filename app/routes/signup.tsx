import { redirect, type MetaFunction } from "@remix-run/node";
import { Link, useActionData } from "@remix-run/react";
import { ErrorSummary } from "#app/components/ErrorSummary.tsx";
import { TextField } from "#app/components/Field.tsx";
import { pageTitle } from "#app/components/page-title.ts";
import { PasswordField } from "#app/components/PasswordField.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import { TimeZoneGuess } from "#app/components/TimeZoneGuess.tsx";
import { PublicPage } from "#app/components/PublicPage.tsx";
import { WhoFields } from "#app/components/WhoFields.tsx";
import { signUpFields } from "#app/domain/companies.server.ts";
import { checkFields } from "#app/http/fields.ts";
import { pageLoader, pageAction } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { signedIn } from "#app/http/session.server.ts";
import { signUpWith } from "#app/http/sign-in.server.ts";

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  ...pageTitle("Create an account", data?.refused),
  {
    name: "description",
    content: "Make an account for your company, and choose its phone number now or later.",
  },
];

export { headersOfAction as headers } from "#app/http/page.server.ts";

export const loader = pageLoader(async ({ refused, ...asked }) => {
  if (!refused && (await signedIn(asked))) throw redirect("/dashboard");
  return { refused };
});

const shownAgain = ["company_name", "owner_name", "phone", "email"];
const emailTaken = "An account with this email address already exists.";

export const action = pageAction(async (sent) => {
  const checked = checkFields(signUpFields, sent.form);
  if (!checked.ok) return refuseForm(sent, shownAgain, 400, checked.errors);
  try {
    const signedUp = await signUpWith(sent, checked.values);
    if (!signedUp) {
      const errors = { email: `${emailTaken} Log in instead.` };
      return refuseForm(sent, shownAgain, 409, errors);
    }
    return redirect("/dashboard/choose-number", { headers: signedUp.headers });
  } catch (error) {
    return refuseFormFor(error, sent, shownAgain);
  }
});

export default function SignUp() {
  const { errors, values } = useActionData<typeof action>() ?? {};
  return (
    <PublicPage>
      {errors && <ErrorSummary errors={errors} />}
      <h1 tabIndex={-1}>Create an account</h1>
      <PostForm submit="Create account" submitting="Creating account…">
        <WhoFields
          values={values}
          errors={errors}
          phoneHint="So that we can reach you. Start with the country code, like +353 86 123 4567."
        />
        <TextField
          name="email"
          type="email"
          label="Email address"
          hint="You log in with it."
          autoComplete="email"
          value={values?.email}
          error={
            errors?.email?.startsWith(emailTaken) ? (
              <>
                {emailTaken} <Link to="/login">Log in instead.</Link>
              </>
            ) : (
              errors?.email
            )
          }
        />
        <PasswordField
          autoComplete="new-password"
          hint="8 characters or more"
          error={errors?.password}
        />
        <TimeZoneGuess />
      </PostForm>
      <p>
        Already have an account? <Link to="/login">Log in</Link>
      </p>
    </PublicPage>
  );
}
