import { data, redirect, type MetaFunction } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { pageTitle } from "#app/components/page-title.ts";
import { PostForm } from "#app/components/PostForm.tsx";
import { PublicPage } from "#app/components/PublicPage.tsx";
import { database } from "#app/db.server.ts";
import { confirmTold, removeToldAddress, toldBy } from "#app/domain/told-addresses.server.ts";
import { by } from "#app/http/by.server.ts";
import { pageAction, pageLoader } from "#app/http/page.server.ts";

export const meta: MetaFunction = () => [
  ...pageTitle("Mail of missed calls"),
  { name: "robots", content: "noindex" },
];
export { headersOfAction as headers } from "#app/http/page.server.ts";

/** Opening the page changes nothing, since mail scanners follow links. */
export const loader = pageLoader(async ({ params, query }) => {
  const told = await toldBy(database(), params.token ?? "");
  const state = !told ? "stopped" : told.confirmed ? "told" : "asked";
  return data({ state, email: told?.email ?? null, confirmed: query.has("confirmed") });
});

/** Confirms or stops; RFC 8058's one click (`List-Unsubscribe=One-Click`) stops. */
export const action = pageAction(async (sent) => {
  const token = sent.params.token ?? "";
  const told = await toldBy(database(), token);
  if (told && sent.form.confirm !== undefined) {
    await confirmTold(database(), told);
    return redirect(`/told/${token}?confirmed`);
  }
  if (told) await removeToldAddress(database(), told.companyId, told.email, by(sent, "visitor"));
  return redirect(`/told/${token}`);
});

export default function Told() {
  const { state, email, confirmed } = useLoaderData<typeof loader>();
  if (state === "stopped") {
    return (
      <PublicPage>
        <h1 tabIndex={-1}>No more mail</h1>
        <p>This address gets no mail of missed calls, or the link is too old.</p>
      </PublicPage>
    );
  }
  return (
    <PublicPage>
      <h1 tabIndex={-1}>Mail of missed calls</h1>
      {state === "asked" ? (
        <>
          <p className="breaks">
            A company wants to tell <bdi>{email}</bdi> of its missed calls and messages.
          </p>
          <PostForm submit="Confirm" submitting="Confirming…">
            <input type="hidden" name="confirm" value="yes" />
          </PostForm>
        </>
      ) : (
        <>
          <p className="breaks">
            {confirmed && "Confirmed. "}
            <bdi>{email}</bdi> is told of missed calls and messages.
          </p>
          <PostForm submit="Stop these mails" submitting="Stopping…">
            <input type="hidden" name="stop" value="yes" />
          </PostForm>
        </>
      )}
    </PublicPage>
  );
}
