import { redirect, type MetaFunction } from "@remix-run/node";
import { pageTitle } from "#app/components/page-title.ts";
import { PostForm } from "#app/components/PostForm.tsx";
import { PublicPage } from "#app/components/PublicPage.tsx";
import { pageAction, pageLoader } from "#app/http/page.server.ts";
import { endSessionOf, signedIn } from "#app/http/session.server.ts";

export const meta: MetaFunction = () => [
  ...pageTitle("Log out"),
  { name: "robots", content: "noindex" },
];

/** A link ends no session: it leads to a page that asks. */
export const loader = pageLoader(async (asked) => {
  if (!(await signedIn(asked))) throw redirect("/");
  return null;
});

export const action = pageAction(async (sent) =>
  redirect("/", { headers: { "Set-Cookie": await endSessionOf(sent) } }),
);

export default function LogOut() {
  return (
    <PublicPage>
      <h1 tabIndex={-1}>Log out</h1>
      <p>Nothing is lost: your number and your settings stay as they are.</p>
      <PostForm submit="Log out" submitting="Logging out…" action="/logout">
        <input type="hidden" name="end" value="session" />
      </PostForm>
    </PublicPage>
  );
}
