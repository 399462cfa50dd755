import { redirect, type MetaFunction } from "@remix-run/node";
import { privatePageTitle } from "#app/components/page-title.ts";
import { PostForm } from "#app/components/PostForm.tsx";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { database, reading } from "#app/db.server.ts";
import { emailState, requestVerification } from "#app/domain/verified-emails.server.ts";
import { withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { countMailTo } from "#app/http/rate-limits.server.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

const title = "Send the link again";
const above = { to: "/settings/email", title: "Email address" };
const here = `${above.to}/link`;

export const meta: MetaFunction = () => privatePageTitle(title);

export const loader = companyLoader(async () => ({}));

/** Sends the link that proves the company's email, or the new one that it has asked for. */
export const action = pageAction(async (sent) => {
  const { id, email } = await requireCompany(sent);
  const { pending } = await emailState(reading(), id);
  await countMailTo(pending ?? email, exchangeOf(sent.context).address);
  await requestVerification(database(), id);
  return redirect(above.to, { headers: await withNews("link-sent") });
});

/** For those who come back after log-in. */
export default function SendLinkAgain() {
  return (
    <SettingsPage title={title} above={above} here={here}>
      <p>A mail with a link proves that you read the mail of your address.</p>
      <PostForm submit={title} submitting="Sending…" action={here}>
        <input type="hidden" name="send" value="link" />
      </PostForm>
    </SettingsPage>
  );
}
