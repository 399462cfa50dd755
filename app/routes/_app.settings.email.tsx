import { data, redirect, type MetaFunction } from "@remix-run/node";
import { useActionData, useLoaderData } from "@remix-run/react";
import { z } from "zod";
import { asTyped, TextField } from "#app/components/Field.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { PasswordField } from "#app/components/PasswordField.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { database, reading } from "#app/db.server.ts";
import { emailField } from "#app/domain/companies.server.ts";
import { sendsMail } from "#app/domain/mail-queue.server.ts";
import { emailState, requestEmailChange } from "#app/domain/verified-emails.server.ts";
import { by } from "#app/http/by.server.ts";
import { checkFields } from "#app/http/fields.ts";
import { takeNews, withNews, type News } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { countMailTo } from "#app/http/rate-limits.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany, sessionId } from "#app/http/session.server.ts";
import { ownPasswordError } from "#app/http/sign-in.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

const title = "Email address";
const here = "/settings/email";

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle(title, data?.refused);

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

const refusals = {
  "email-taken": "An account with this email address already exists.",
  "same-email": "This is your email address already.",
};

/** Requests a change of email; it needs the password. */
export const action = pageAction(async (sent) => {
  const company = await requireCompany(sent);
  try {
    const checked = checkFields(fields, sent.form);
    const wrong = await ownPasswordError(sent, company, sent.form.password ?? "");
    if (!checked.ok || wrong) {
      const errors = { ...(!checked.ok && checked.errors), ...(wrong && { password: wrong }) };
      return refuseForm(sent, shownAgain, 400, errors);
    }
    const { email } = checked.values;
    if (sendsMail()) await countMailTo(email, exchangeOf(sent.context).address);
    const own = sessionId(sent);
    const outcome = await requestEmailChange(database(), company.id, email, by(sent), own);
    if (outcome === "signed-out") return redirect("/login?signed-out=1");
    if (outcome === "email-taken" || outcome === "same-email") {
      return refuseForm(sent, shownAgain, 409, { email: refusals[outcome] });
    }
    const news = outcome === "changed" ? "email-changed" : "link-sent";
    return redirect(here, { headers: await withNews(news) });
  } catch (error) {
    return refuseFormFor(error, sent, shownAgain);
  }
});

export default function EmailAddress() {
  const page = useLoaderData<typeof loader>();
  const { errors, values } = useActionData<typeof action>() ?? {};
  return (
    <SettingsPage title={title} errors={errors} news={page.message} here={here}>
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
        <PostForm submit="Send the link again" submitting="Sending…" action={`${here}/link`}>
          <input type="hidden" name="send" value="link" />
        </PostForm>
      )}
      <section className="card" aria-labelledby="change-email">
        <h2 id="change-email">Use another address</h2>
        <PostForm submit="Change email address" submitting="Changing…" action={here}>
          <TextField
            {...asTyped("email", values, errors)}
            type="email"
            label="New email address"
            {...(page.sendsMail && { hint: "We send a link there first." })}
            autoComplete="email"
          />
          <PasswordField autoComplete="current-password" error={errors?.password} />
        </PostForm>
      </section>
    </SettingsPage>
  );
}
