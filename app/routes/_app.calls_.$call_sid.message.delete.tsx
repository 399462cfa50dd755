import { data, redirect, type MetaFunction } from "@remix-run/node";
import { Link, useActionData, useLoaderData } from "@remix-run/react";
import { callsAddress } from "#app/components/calls-address.ts";
import { privatePageTitle } from "#app/components/page-title.ts";
import { PhoneNumber } from "#app/components/PhoneNumber.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { database, reading } from "#app/db.server.ts";
import { findMessage } from "#app/domain/messages.server.ts";
import { cameFrom } from "#app/http/asked-calls.server.ts";
import { by } from "#app/http/by.server.ts";
import { deleteWithSound } from "#app/twilio/message-deletion.server.ts";
import { withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { shownCaller, shownSeconds } from "#app/http/shown-call.server.ts";
import { shownTime } from "#app/http/shown-time.server.ts";

const title = "Delete this message?";

export const meta: MetaFunction = () => privatePageTitle(title);
export { headersOfAction as headers } from "#app/http/page.server.ts";

export const loader = companyLoader(async ({ company, params, ...asked }) => {
  const callSid = params.call_sid ?? "";
  const message = await findMessage(database(), company.id, callSid);
  if (!message) throw data({ message: "There is no such message." }, 404);
  const page = cameFrom(asked);
  if (message.state === "deleted") throw redirect(callsAddress(...page));
  return {
    back: callsAddress(...page),
    here: callsAddress(...page, `/calls/${callSid}/message/delete`),
    caller: shownCaller(message.from),
    time: shownTime(message.startedAt, company.timeZone),
    length: message.seconds === null ? null : shownSeconds(message.seconds),
    unheard: message.state === "unheard",
  };
});

export const action = pageAction(async (sent) => {
  const { id } = await requireCompany(sent);
  try {
    const callSid = sent.params.call_sid ?? "";
    const outcome = await deleteWithSound(id, callSid, by(sent));
    if (outcome === "no-message" && !(await findMessage(reading(), id, callSid))) {
      throw data({ message: "There is no such message." }, 404);
    }
    const news = outcome === "deleted-here" ? "message-deleted-here" : "message-deleted";
    return redirect(callsAddress(...cameFrom(sent)), { headers: await withNews(news) });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return refuseFormFor(error, sent, []);
  }
});

export default function DeleteMessage() {
  const { back, here, caller, time, length, unheard } = useLoaderData<typeof loader>();
  const errors = useActionData<typeof action>()?.errors;
  return (
    <SettingsPage title={title} above={{ to: back, title: "Calls" }} errors={errors} here={here}>
      <p>
        The message of {caller.startsWith("+") ? <PhoneNumber>{caller}</PhoneNumber> : caller} from{" "}
        <time dateTime={time.at}>{time.shown}</time>
        {length && `, ${length} long`}. {unheard && <strong>Nobody has heard it yet.</strong>}
      </p>
      <p>
        Nobody can undo this: it is deleted here and at the telephone company. The call stays in the
        log.
      </p>
      <PostForm submit="Delete message" submitting="Deleting…" action={here}>
        <input type="hidden" name="sure" value="yes" />
      </PostForm>
      <p className="actions">
        <Link to={back}>Keep it</Link>
      </p>
    </SettingsPage>
  );
}
