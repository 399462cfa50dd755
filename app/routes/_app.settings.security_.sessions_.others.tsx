import { redirect, type MetaFunction } from "@remix-run/node";
import { privatePageTitle } from "#app/components/page-title.ts";
import { PostForm } from "#app/components/PostForm.tsx";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { database } from "#app/db.server.ts";
import { endOtherSessions } from "#app/domain/own-sessions.server.ts";
import { by } from "#app/http/by.server.ts";
import { withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { requireCompany, sessionId } from "#app/http/session.server.ts";

const title = "End all other sessions";
const sessions = { to: "/settings/security/sessions", title: "Sessions" };
const here = `${sessions.to}/others`;

export const meta: MetaFunction = () => privatePageTitle(title);

export const loader = companyLoader(async () => ({}));

/** Ends all of the company's sessions except the one that asks. */
export const action = pageAction(async (sent) => {
  const { id } = await requireCompany(sent);
  await endOtherSessions(database(), id, sessionId(sent) ?? "", by(sent));
  return redirect(sessions.to, { headers: await withNews("other-sessions-ended") });
});

/** For those who follow a link, or come back after log-in. */
export default function EndOtherSessions() {
  return (
    <SettingsPage title={title} above={sessions} here={here}>
      <p>Everybody is signed out but you, here.</p>
      <PostForm submit={title} submitting="Ending…" action={here}>
        <input type="hidden" name="end" value="others" />
      </PostForm>
    </SettingsPage>
  );
}
