import { redirect } from "@remix-run/node";
import { database } from "#app/db.server.ts";
import { endOtherSessions } from "#app/domain/sessions.server.ts";
import { by } from "#app/http/by.server.ts";
import { withNews } from "#app/http/news.server.ts";
import { pageAction } from "#app/http/page.server.ts";
import { requireCompany, sessionId } from "#app/http/session.server.ts";

const page = "/settings/security/sessions";

export const loader = () => redirect(page);

/** Ends all sessions of the company but the one that asks. */
export const action = pageAction(async (sent) => {
  const { id } = await requireCompany(sent);
  await endOtherSessions(database(), id, sessionId(sent) ?? "", by(sent));
  return redirect(page, { headers: await withNews("other-sessions-ended") });
});
