import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { Banner } from "#app/components/Banner.tsx";
import { PublicPage } from "#app/components/PublicPage.tsx";
import { siteName } from "#app/components/page-title.ts";
import { takeNews } from "#app/http/news.server.ts";
import { pageLoader } from "#app/http/page.server.ts";
import { signedIn } from "#app/http/session.server.ts";

export const meta: MetaFunction = () => [
  { title: siteName },
  {
    name: "description",
    content:
      "Choose a phone number for your company and keep it for good. It is yours alone, and its calls come to you.",
  },
];

export const loader = pageLoader(async (asked) => {
  if (await signedIn(asked)) throw redirect("/dashboard");
  const { isNews, headers } = await takeNews(asked, "account-closed");
  return data({ isClosed: isNews }, { headers });
});

export default function Start() {
  const { isClosed } = useLoaderData<typeof loader>();
  return (
    <PublicPage>
      {isClosed && <Banner>Your account is closed, and what was kept of it is erased.</Banner>}
      <h1 tabIndex={-1}>A phone number for your company, for good</h1>
      <p className="lead">
        Create an account, choose a number, and it is yours alone. Every call to it comes to you.
      </p>
      <p className="actions">
        <Link className="button" to="/signup">
          Sign up
        </Link>
        <Link className="button secondary" to="/login">
          Log in
        </Link>
      </p>
      <ol className="steps">
        <li>
          <strong>Sign up</strong> with your company's name and your email address.
        </li>
        <li>
          <strong>Choose a number</strong> from those that are available, now or later.
        </li>
        <li>
          <strong>Keep it.</strong> Nobody else can ever get it, and it never changes.
        </li>
      </ol>
    </PublicPage>
  );
}
