import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { Banner } from "#app/components/Banner.tsx";
import { PublicPage } from "#app/components/PublicPage.tsx";
import { site } from "#app/components/site.ts";
import { takeNews } from "#app/http/news.server.ts";
import { pageLoader } from "#app/http/page.server.ts";
import { signedIn } from "#app/http/session.server.ts";
import pickerDark from "#app/images/picker-dark.png";
import picker from "#app/images/picker.png";

export const meta: MetaFunction = () => [
  { title: site().name },
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
    <PublicPage wide>
      {isClosed && <Banner>Your account is closed, and what was kept of it is erased.</Banner>}
      <div className="home">
        <div>
          <h1 tabIndex={-1}>A phone number for your company, for good</h1>
          <p className="lead">
            See which numbers are free, choose one, and it is yours alone. Every call to it comes to
            you.
          </p>
          <p className="actions">
            <Link className="button" to="/signup">
              Sign up
            </Link>{" "}
            <Link className="button secondary" to="/login">
              Log in
            </Link>
          </p>
        </div>
        <picture>
          <source srcSet={pickerDark} media="(prefers-color-scheme: dark)" />
          <img
            src={picker}
            width="688"
            height="540"
            alt="Choosing a number: a list of free numbers, each with its country and kind, and a Confirm button."
          />
        </picture>
      </div>
      <dl className="questions">
        {questions.map(([question, answer]) => (
          <div key={question}>
            <dt>{question}</dt>
            <dd>{answer}</dd>
          </div>
        ))}
      </dl>
    </PublicPage>
  );
}

/** What owners ask first. */
const questions = [
  [
    "Can the number change?",
    "No. Once you have confirmed it, nobody can move it, take it or give it to somebody else, and you can't swap it either. So look around first: you can sign up now and choose later.",
  ],
  [
    "What happens to calls?",
    "You decide: they ring your phone, go to a SIP address or a voice agent, or callers leave a message, which you play here. Each call is in your log, with what became of it.",
  ],
  [
    "What does it cost me to stop?",
    "Only the number. You can close your account in Settings at any time: what is kept of you and your callers is erased, callers hear that the number is not in service, and no other company ever gets it.",
  ],
] as const;
