import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { ErrorSummary } from "#app/components/ErrorSummary.tsx";
import { pageTitle } from "#app/components/page-title.ts";
import { PostForm } from "#app/components/PostForm.tsx";
import { PublicPage } from "#app/components/PublicPage.tsx";
import { database } from "#app/db.server.ts";
import { verifyEmail, verifyingWith } from "#app/domain/verified-emails.server.ts";
import { by } from "#app/http/by.server.ts";
import { wholeForm } from "#app/http/fields.ts";
import { withNews } from "#app/http/news.server.ts";
import { pageAction, pageLoader } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { signedIn } from "#app/http/session.server.ts";

export const meta: MetaFunction = () => [
  ...pageTitle("Confirm your email address"),
  { name: "robots", content: "noindex" },
];

export { headersOfAction as headers } from "#app/http/page.server.ts";

/** Opening the page does not spend the link, since mail scanners follow links. */
export const loader = pageLoader(async ({ params, refused }) => {
  const purpose = (await verifyingWith(database(), params.token ?? "")) ?? null;
  return data({ purpose }, { status: purpose || refused ? 200 : 404 });
});

const refusals = {
  "email-taken": [409, "Another account has this address. Yours keeps the one that it had."],
  "link-unusable": [404, "This link cannot be used."],
} as const;

export const action = pageAction(async (sent) => {
  try {
    const outcome = await verifyEmail(database(), sent.params.token ?? "", by(sent, "visitor"));
    if (outcome === "email-taken" || outcome === "link-unusable") {
      const [status, message] = refusals[outcome];
      return refuseForm(sent, [], status, { [wholeForm]: message });
    }
    const headers = await withNews(outcome === "changed" ? "email-changed" : "email-verified");
    return redirect((await signedIn(sent)) ? "/settings/email" : "/login", { headers });
  } catch (error) {
    return refuseFormFor(error, sent, []);
  }
});

export default function Verify() {
  const { purpose } = useLoaderData<typeof loader>();
  const { errors } = useActionData<typeof action>() ?? {};
  if (purpose === null) {
    return (
      <PublicPage>
        <h1 tabIndex={-1}>This link cannot be used</h1>
        <p>It was used before, it is older than a day, or the account has another address now.</p>
        <p className="actions">
          <Link to="/settings/email">Have another sent</Link>
        </p>
      </PublicPage>
    );
  }
  return (
    <PublicPage>
      {errors && <ErrorSummary errors={errors} />}
      <h1 tabIndex={-1}>Confirm your email address</h1>
      <p>
        {purpose === "change"
          ? "You sign in with this address from now on."
          : "This proves that you read the mail of your account's address."}
      </p>
      <PostForm submit="Confirm" submitting="Confirming…">
        <input type="hidden" name="confirm" value="yes" />
      </PostForm>
    </PublicPage>
  );
}
