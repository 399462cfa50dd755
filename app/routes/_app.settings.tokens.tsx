import { data, redirect, type MetaFunction } from "@remix-run/node";
import { useActionData, useLoaderData } from "@remix-run/react";
import { Banner } from "#app/components/Banner.tsx";
import { MadeToken } from "#app/components/MadeToken.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { TokenForm } from "#app/components/TokenForm.tsx";
import { TokenList } from "#app/components/TokenList.tsx";
import { database, reading } from "#app/db.server.ts";
import {
  listTokens,
  makeToken,
  mostTokens,
  scopes,
  tokenFields,
} from "#app/domain/tokens.server.ts";
import { by } from "#app/http/by.server.ts";
import { checkFields, wholeForm } from "#app/http/fields.ts";
import { formOwner, keepForm, takeKeptForm } from "#app/http/kept-form.server.ts";
import { takeNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany, sessionId } from "#app/http/session.server.ts";
import {
  lifetimes,
  scopeChoices,
  shownToken,
  tokenFormFields,
} from "#app/http/shown-token.server.ts";

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle("API tokens", data?.refused);

export { headersOfAction as headers } from "#app/http/page.server.ts";

const shownAgain = ["name", ...scopes, "expires"];

export const loader = companyLoader(async ({ company, refused, ...asked }) => {
  const tokens = await listTokens(reading(), company.id);
  const news = await takeNews(asked, "token-revoked");
  const kept = await takeKeptForm(asked, company.id);
  return data(
    {
      refused,
      revoked: news.isNews,
      unsaved: kept.values !== undefined && !refused,
      tokens: tokens.map((token) => shownToken(token, company.timeZone)),
      values: { expires: "365", ...kept.values, [formOwner]: String(company.id) },
      scopes: scopeChoices,
      lifetimes,
    },
    { headers: [...Object.entries(news.headers), ...Object.entries(kept.headers)] },
  );
});

/** Makes a token, which is shown in this answer and never again. */
export const action = pageAction(async (sent) => {
  const { id } = await requireCompany(sent, () => keepForm(sent, shownAgain));
  const checked = checkFields(tokenFields, tokenFormFields(sent.form));
  if (!checked.ok) return refuseForm(sent, shownAgain, 400, checked.errors);
  try {
    const own = sessionId(sent);
    const made = await makeToken(database(), id, checked.values, by(sent), own);
    if (made.outcome === "signed-out") return redirect("/login?signed-out=1");
    if (made.outcome === "made") return data({ made: made.secret, name: made.token.name });
    return refuseForm(sent, shownAgain, 400, {
      [wholeForm]: `A company has ${mostTokens} tokens at most. Revoke one first.`,
    });
  } catch (error) {
    return refuseFormFor(error, sent, shownAgain);
  }
});

export default function ApiTokens() {
  const { revoked, unsaved, tokens, values, ...choices } = useLoaderData<typeof loader>();
  const answer = useActionData<typeof action>();
  const refused = answer && "errors" in answer ? answer : undefined;
  const made = answer && "made" in answer ? answer : undefined;
  return (
    <SettingsPage
      title="API tokens"
      errors={refused?.errors}
      news={revoked && !answer && "Revoked. Whatever used the token is refused from now on."}
      here="/settings/tokens"
      first={
        made ? (
          <MadeToken {...made} />
        ) : (
          unsaved && (
            <Banner>This is what you typed before you were signed out. No token was made.</Banner>
          )
        )
      }
    >
      <p>
        A program that has a token acts for your company, as far as you let it. Keep tokens as you
        keep passwords. <a href="/api/docs">How programs use the API</a>
      </p>
      <div className="beside">
        {tokens.length > 0 && (
          <section className="card" aria-labelledby="tokens-heading">
            <h2 id="tokens-heading">Your tokens</h2>
            <TokenList tokens={tokens} />
          </section>
        )}
        <div>
          <h2>Make a token</h2>
          <TokenForm
            values={{ ...values, ...refused?.values }}
            errors={refused?.errors}
            {...choices}
          />
        </div>
      </div>
    </SettingsPage>
  );
}
