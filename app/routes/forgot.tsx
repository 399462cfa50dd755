import { redirect, type MetaFunction } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { Banner } from "#app/components/Banner.tsx";
import { ErrorSummary } from "#app/components/ErrorSummary.tsx";
import { asTyped, TextField } from "#app/components/Field.tsx";
import { pageTitle } from "#app/components/page-title.ts";
import { PostForm } from "#app/components/PostForm.tsx";
import { PublicPage } from "#app/components/PublicPage.tsx";
import { database } from "#app/db.server.ts";
import { emailField } from "#app/domain/companies.server.ts";
import { sendsMail } from "#app/domain/mail-queue.server.ts";
import { requestResetLink } from "#app/domain/password-reset.server.ts";
import { linkForCode } from "#app/domain/recovery-codes.server.ts";
import { by } from "#app/http/by.server.ts";
import { pageAction, pageLoader } from "#app/http/page.server.ts";
import { countRecovery } from "#app/http/rate-limits.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

export const meta: MetaFunction<typeof loader> = ({ data }) => [
  ...pageTitle("Forgot your password", data?.refused),
  {
    name: "description",
    content: "Choose a new password with a recovery code, and keep your number.",
  },
];

export { headersOfAction as headers } from "#app/http/page.server.ts";

export const loader = pageLoader(async ({ query, refused }) => ({
  refused,
  byMail: sendsMail(),
  asked: query.has("sent") && !refused,
}));

const shownAgain = ["email", "code"];
const wrongCode =
  "This email and this code do not open an account together. Check both; a code can be used once.";

export const action = pageAction(async (sent) => {
  const email = emailField.safeParse(sent.form.email);
  const code = (sent.form.code ?? "").trim();
  const errors = {
    ...(!email.success && { email: `${email.error.issues[0]?.message}.` }),
    ...(code === "" && !sendsMail() && { code: "Enter one of your recovery codes." }),
  };
  if (!email.success || Object.keys(errors).length > 0) {
    return refuseForm(sent, shownAgain, 400, errors);
  }
  const who = by(sent, "visitor");
  try {
    await countRecovery(exchangeOf(sent.context).address);
    if (code === "") {
      await requestResetLink(database(), email.data, who);
      return redirect("/forgot?sent=yes");
    }
    const token = await linkForCode(database(), email.data, code, who);
    return token === undefined
      ? refuseForm(sent, shownAgain, 400, { code: wrongCode })
      : redirect(`/reset/${token}`);
  } catch (error) {
    return refuseFormFor(error, sent, shownAgain);
  }
});

export default function Forgot() {
  const { byMail, asked } = useLoaderData<typeof loader>();
  const { errors, values } = useActionData<typeof action>() ?? {};
  return (
    <PublicPage>
      {errors && <ErrorSummary errors={errors} />}
      {asked && (
        <Banner>
          If there is an account with that address, a mail with a link is on its way. It can take a
          few minutes; the link can be used for an hour.
        </Banner>
      )}
      <h1 tabIndex={-1}>Forgot your password</h1>
      <p>
        With one of your recovery codes you can choose a new password now.
        {byMail && " Without one, leave the code empty, and we send a link to your address."}
      </p>
      <PostForm submit="Continue" submitting="One moment…" action="/forgot">
        <TextField
          {...asTyped("email", values, errors)}
          type="email"
          label="Email address"
          autoComplete="email"
        />
        <TextField
          {...asTyped("code", values, errors)}
          label={byMail ? "Recovery code (optional)" : "Recovery code"}
          hint="Like XXXX-XXXX-XXXX-XXXX"
          autoComplete="one-time-code"
        />
      </PostForm>
      <p>
        {byMail ? "Neither a code nor that mailbox?" : "No code?"} Ask whoever runs this service: an
        operator can make you a link to a new password. Your number stays yours meanwhile.
      </p>
      <p className="actions">
        <Link to="/login">Log in</Link>
      </p>
    </PublicPage>
  );
}
