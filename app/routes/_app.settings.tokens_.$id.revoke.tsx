import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { Main } from "#app/components/Main.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { PostForm } from "#app/components/PostForm.tsx";
import { database, reading } from "#app/db.server.ts";
import { findOwnToken, revokeToken } from "#app/domain/tokens.server.ts";
import { by } from "#app/http/by.server.ts";
import { withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { shownToken } from "#app/http/shown-token.server.ts";

export const meta: MetaFunction = () => privatePageTitle("Revoke a token");

/** The id in a page's address, or NaN, which is no token's. */
const idOf = (request: Request) => Number(new URL(request.url).pathname.split("/").at(-2));

/** A link revokes nothing: it leads to a page that asks. */
export const loader = companyLoader(async ({ company, request }) => {
  const token = await findOwnToken(reading(), company.id, idOf(request));
  if (!token) throw data({ message: "There is no such token. It may be revoked already." }, 404);
  return shownToken(token, company.timeZone);
});

export const action = pageAction(async (sent) => {
  const { id } = await requireCompany(sent);
  // A token that has already gone is as good as revoked.
  await revokeToken(database(), id, idOf(sent.request) || 0, by(sent));
  return redirect("/settings/tokens", { headers: await withNews("token-revoked") });
});

export default function RevokeToken() {
  const token = useLoaderData<typeof loader>();
  return (
    <Main>
      <p className="over-heading">
        <Link to="/settings/tokens">API tokens</Link>
      </p>
      <h1 tabIndex={-1}>
        Revoke <bdi>{token.name}</bdi>?
      </h1>
      <p>Whatever uses this token is refused from then on. It cannot be undone.</p>
      <p className="hint">{[token.made, token.used, token.expires].join(" · ")}</p>
      <PostForm
        submit="Revoke token"
        submitting="Revoking…"
        action={`/settings/tokens/${token.id}/revoke`}
      >
        <input type="hidden" name="revoke" value="yes" />
      </PostForm>
      <p className="actions">
        <Link to="/settings/tokens">Keep it</Link>
      </p>
    </Main>
  );
}
