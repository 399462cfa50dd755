import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { Banner } from "#app/components/Banner.tsx";
import { ErrorSummary } from "#app/components/ErrorSummary.tsx";
import { TextField } from "#app/components/Field.tsx";
import { pageTitle } from "#app/components/page-title.ts";
import { PasswordField } from "#app/components/PasswordField.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import { PublicPage } from "#app/components/PublicPage.tsx";
import { wholeForm } from "#app/http/fields.ts";
import { takeNews, type News } from "#app/http/news.server.ts";
import { pageLoader, pageAction } from "#app/http/page.server.ts";
import { ownPath } from "#app/http/redirect-target.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { signedIn } from "#app/http/session.server.ts";
import { AccountFrozenError, SignInError, signInWith } from "#app/http/sign-in.server.ts";

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  ...pageTitle("Log in", data?.refused),
  {
    name: "description",
    content: "See your company's phone number, what callers hear, and every call that came.",
  },
];

export { headersOfAction as headers } from "#app/http/page.server.ts";

const home = "/dashboard";

export const loader = pageLoader(async ({ query, refused, ...asked }) => {
  const redirectTo = ownPath(query.get("redirectTo"), home);
  if (!refused && (await signedIn(asked))) throw redirect(redirectTo);
  const { news, headers } = await takeNews(
    asked,
    "password-reset",
    "email-verified",
    "email-changed",
  );
  const message = news && !refused ? told[news] : undefined;
  return data({ refused, redirectTo, signedOut: query.has("signed-out"), message }, { headers });
});

const told = {
  "password-reset": "Your password was changed. Log in with the new one.",
  "email-verified": "Your email address is confirmed.",
  "email-changed": "Your email address was changed. Log in with the new one.",
} satisfies Partial<Record<News, string>>;

const shownAgain = ["email", "redirectTo"];

export const action = pageAction(async (sent) => {
  const { email = "", password = "", redirectTo } = sent.form;
  const errors = {
    ...(email.trim() === "" && { email: "Enter your email address." }),
    ...(password === "" && { password: "Enter your password." }),
  };
  if (Object.keys(errors).length > 0) {
    return refuseForm(sent, shownAgain, 400, errors);
  }
  try {
    const { headers } = await signInWith(sent, email, password);
    return redirect(ownPath(redirectTo, home), { headers });
  } catch (error) {
    if (error instanceof AccountFrozenError) {
      return refuseForm(sent, shownAgain, 403, { [wholeForm]: `${error.message}.` });
    }
    return error instanceof SignInError
      ? // Lynx does not show the page of a 401 unless told to.
        refuseForm(sent, shownAgain, 400, { email: `${error.message}.` })
      : refuseFormFor(error, sent, shownAgain);
  }
});

export default function LogIn() {
  const { redirectTo, signedOut, message } = useLoaderData<typeof loader>();
  const { errors, values } = useActionData<typeof action>() ?? {};
  const back = ownPath(values?.redirectTo, redirectTo);
  return (
    <PublicPage>
      {errors && <ErrorSummary errors={errors} />}
      {message && <Banner>{message}</Banner>}
      <h1 tabIndex={-1}>Log in</h1>
      {signedOut ? (
        <p>You were signed out. Log in to go on.</p>
      ) : (
        back !== home && !errors && <p>Log in to see that page.</p>
      )}
      <PostForm submit="Log in" submitting="Logging in…">
        {back !== home && <input type="hidden" name="redirectTo" value={back} />}
        <TextField
          name="email"
          type="email"
          label="Email address"
          autoComplete="username"
          value={values?.email}
          error={errors?.email}
        />
        <PasswordField autoComplete="current-password" error={errors?.password} />
      </PostForm>
      <p className="actions">
        <Link to="/forgot">Forgot your password?</Link>
      </p>
      <p>
        No account yet? <Link to="/signup">Sign up</Link>
      </p>
    </PublicPage>
  );
}
