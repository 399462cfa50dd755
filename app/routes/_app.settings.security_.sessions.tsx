import { data, redirect, type MetaFunction } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { privatePageTitle } from "#app/components/page-title.ts";
import { SessionCard } from "#app/components/SessionCard.tsx";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { database, reading } from "#app/db.server.ts";
import { endSessionByRef, listSessions } from "#app/domain/own-sessions.server.ts";
import { by } from "#app/http/by.server.ts";
import { takeNews, withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { requireCompany, sessionId } from "#app/http/session.server.ts";
import { shownSession } from "#app/http/shown-session.server.ts";

export const meta: MetaFunction = () => privatePageTitle("Sessions");

export { headersOfAction as headers } from "#app/http/page.server.ts";

const here = "/settings/security/sessions";

export const loader = companyLoader(async ({ company, ...asked }) => {
  const [one, others, sessions] = [
    await takeNews(asked, "session-ended"),
    await takeNews(asked, "other-sessions-ended"),
    await listSessions(reading(), company.id, sessionId(asked)),
  ];
  return data(
    {
      news: one.isNews ? "The session is ended." : others.isNews && "All other sessions are ended.",
      sessions: sessions.map((session) => shownSession(session, company.timeZone)),
    },
    { headers: { ...one.headers, ...others.headers } },
  );
});

/** Ends one session; one that has already ended is fine too. */
export const action = pageAction(async (sent) => {
  const { id } = await requireCompany(sent);
  await endSessionByRef(database(), id, sent.form.session ?? "", by(sent));
  return redirect(here, { headers: await withNews("session-ended") });
});

export default function Sessions() {
  const { news, sessions } = useLoaderData<typeof loader>();
  return (
    <SettingsPage
      title="Sessions"
      above={{ to: "/settings/security", title: "Security" }}
      news={news}
      here={here}
    >
      <p>
        Where somebody is signed in to your account. End what you do not know, then change your
        password.
      </p>
      <ul className="sessions">
        {sessions.map((session) => (
          <SessionCard key={session.ref} session={session} endedAt={here} />
        ))}
      </ul>
      {sessions.length > 1 && (
        <form method="post" action={`${here}/others`}>
          <button type="submit" className="button secondary" name="end" value="others">
            End all other sessions
          </button>
        </form>
      )}
    </SettingsPage>
  );
}
