import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { EndOtherAccess } from "#app/components/EndOtherAccess.tsx";
import { ErrorSummary } from "#app/components/ErrorSummary.tsx";
import { pageTitle } from "#app/components/page-title.ts";
import { PasswordField } from "#app/components/PasswordField.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import { PublicPage } from "#app/components/PublicPage.tsx";
import { database } from "#app/db.server.ts";
import { passwordFor } from "#app/domain/new-passwords.server.ts";
import { resetPassword, resettingWith } from "#app/domain/password-reset.server.ts";
import { by } from "#app/http/by.server.ts";
import { checkFields } from "#app/http/fields.ts";
import { withNews } from "#app/http/news.server.ts";
import { pageAction, pageLoader } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  ...pageTitle("Choose a new password", data?.refused),
  { name: "robots", content: "noindex" },
];

export { headersOfAction as headers } from "#app/http/page.server.ts";

/** Opening the page does not spend the link, since mail scanners follow links. */
export const loader = pageLoader(async ({ params, refused }) => {
  const usable = (await resettingWith(database(), params.token ?? "")) !== undefined;
  return data({ usable, refused: refused && usable }, { status: usable || refused ? 200 : 404 });
});

const shownAgain = ["end_access"];
const unusable = { form: "This link cannot be used." };

export const action = pageAction(async (sent) => {
  const token = sent.params.token ?? "";
  try {
    const resetting = await resettingWith(database(), token);
    if (!resetting) return refuseForm(sent, [], 404, unusable);
    const checked = checkFields(passwordFor(resetting.names), sent.form);
    if (!checked.ok) return refuseForm(sent, shownAgain, 400, checked.errors);
    const { password } = checked.values;
    const ends = { otherAccess: sent.form.end_access === "yes" };
    const outcome = await resetPassword(database(), token, password, by(sent, "visitor"), ends);
    return outcome === "reset"
      ? redirect("/login", { headers: await withNews("password-reset") })
      : refuseForm(sent, [], 404, unusable);
  } catch (error) {
    return refuseFormFor(error, sent, shownAgain);
  }
});

export default function Reset() {
  const { usable } = useLoaderData<typeof loader>();
  const { errors, values } = useActionData<typeof action>() ?? {};
  if (!usable) {
    return (
      <PublicPage>
        <h1 tabIndex={-1}>This link cannot be used</h1>
        <p>
          It was used before, it is older than an hour, another one was used since, or a part of it
          is missing.
        </p>
        <p>
          <Link to="/forgot">Get another link</Link>, or <Link to="/login">log in</Link>.
        </p>
      </PublicPage>
    );
  }
  return (
    <PublicPage>
      {errors && <ErrorSummary errors={errors} />}
      <h1 tabIndex={-1}>Choose a new password</h1>
      <p>Every browser that is signed in to the account is signed out.</p>
      <PostForm submit="Set password" submitting="Setting password…">
        <PasswordField
          autoComplete="new-password"
          hint="8 characters or more"
          error={errors?.password}
        />
        <EndOtherAccess chosen={values?.end_access === "yes"} />
      </PostForm>
    </PublicPage>
  );
}
