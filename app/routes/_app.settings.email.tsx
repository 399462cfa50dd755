import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { z } from "zod";
import { Banner } from "#app/components/Banner.tsx";
import { ErrorSummary } from "#app/components/ErrorSummary.tsx";
import { TextField } from "#app/components/Field.tsx";
import { Main } from "#app/components/Main.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { PasswordField } from "#app/components/PasswordField.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import { database, reading } from "#app/db.server.ts";
import { emailField } from "#app/domain/companies.server.ts";
import { sendsMail } from "#app/domain/mail-queue.server.ts";
import {
  emailState,
  requestEmailChange,
  requestVerification,
} from "#app/domain/verified-emails.server.ts";
import { by } from "#app/http/by.server.ts";
import { checkFields } from "#app/http/fields.ts";
import { takeNews, withNews, type News } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { countRecovery } from "#app/http/rate-limits.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany, sessionId } from "#app/http/session.server.ts";
import { ownPasswordError } from "#app/http/sign-in.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle("Email address", data?.refused);

export { headersOfAction as headers } from "#app/http/page.server.ts";

const told = {
  "link-sent": "A mail with a link is on its way. It can take a few minutes.",
  "email-changed": "Your email address was changed.",
  "email-verified": "Your email address is confirmed.",
} satisfies Partial<Record<News, string>>;

export const loader = companyLoader(async ({ company, refused, ...asked }) => {
  const { news, headers } = await takeNews(asked, "link-sent", "email-changed", "email-verified");
  const state = await emailState(reading(), company.id);
  const message = news && !refused ? told[news] : undefined;
  return data(
    { refused, email: company.email, sendsMail: sendsMail(), ...state, message },
    { headers },
  );
});

const shownAgain = ["email"];
const fields = z.object({ email: emailField });

/** Asks for another email, for whoever knows the password; or for the link once more. */
export const action = pageAction(async (sent) => {
  const company = await requireCompany(sent);
  try {
    if (sent.form.send === "link") {
      await countRecovery(exchangeOf(sent.context).address);
      await requestVerification(database(), company.id);
      return redirect("/settings/email", { headers: await withNews("link-sent") });
    }
    const checked = checkFields(fields, sent.form);
    const wrong = await ownPasswordError(sent, company, sent.form.password ?? "");
    if (!checked.ok || wrong) {
      const errors = { ...(!checked.ok && checked.errors), ...(wrong && { password: wrong }) };
      return refuseForm(sent, shownAgain, 400, errors);
    }
    const { email } = checked.values;
    const own = sessionId(sent);
    const outcome = await requestEmailChange(database(), company.id, email, by(sent), own);
    if (outcome === "signed-out") return redirect("/login?signed-out=1");
    if (outcome === "email-taken" || outcome === "same-email") {
      const error =
        outcome === "same-email"
          ? "This is your email address already."
          : "An account with this email address already exists.";
      return refuseForm(sent, shownAgain, 409, { email: error });
    }
    const news = outcome === "changed" ? "email-changed" : outcome;
    return redirect("/settings/email", { headers: await withNews(news) });
  } catch (error) {
    return refuseFormFor(error, sent, shownAgain);
  }
});

export default function EmailAddress() {
  const page = useLoaderData<typeof loader>();
  const { errors, values } = useActionData<typeof action>() ?? {};
  return (
    <Main>
      {errors && <ErrorSummary errors={errors} />}
      {page.message && <Banner>{page.message}</Banner>}
      <p className="over-heading">
        <Link to="/settings">Settings</Link>
      </p>
      <h1 tabIndex={-1}>Email address</h1>
      <p>
        You sign in with <bdi>{page.email}</bdi>
        {page.sendsMail &&
          (page.verified ? ", which is confirmed." : ", which is not confirmed yet.")}
        {!page.sendsMail && "."}
      </p>
      {page.pending !== null && (
        <p>
          We sent a link to <bdi>{page.pending}</bdi>. Once you have followed it, you sign in with
          that.
        </p>
      )}
      {page.sendsMail && (!page.verified || page.pending !== null) && (
        <PostForm submit="Send the link again" submitting="Sending…" action="/settings/email">
          <input type="hidden" name="send" value="link" />
        </PostForm>
      )}
      <section className="card" aria-labelledby="change-email">
        <h2 id="change-email">Use another address</h2>
        <PostForm submit="Change email address" submitting="Changing…" action="/settings/email">
          <TextField
            name="email"
            type="email"
            label="New email address"
            {...(page.sendsMail && { hint: "We send a link there first." })}
            autoComplete="email"
            value={values?.email}
            error={errors?.email}
          />
          <PasswordField autoComplete="current-password" error={errors?.password} />
        </PostForm>
      </section>
    </Main>
  );
}
