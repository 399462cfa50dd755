import { data, redirect, type MetaFunction } from "@remix-run/node";
import { useActionData, useLoaderData } from "@remix-run/react";
import { privatePageTitle } from "#app/components/page-title.ts";
import { PhoneNumber } from "#app/components/PhoneNumber.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { database, reading } from "#app/db.server.ts";
import {
  blockedCallers,
  saveWithheldChoice,
  unblockCaller,
  withheldChoiceOf,
  withheldChoices,
} from "#app/domain/blocked-callers.server.ts";
import { by } from "#app/http/by.server.ts";
import { takeNews, withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { shownCaller } from "#app/http/shown-call.server.ts";
import { shownTime } from "#app/http/shown-time.server.ts";

const title = "Who may not call";
const here = "/settings/calls/blocked";

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle(title, data?.refused);
export { headersOfAction as headers } from "#app/http/page.server.ts";

export const loader = companyLoader(async ({ company, refused, ...asked }) => {
  const [blocked, withheld] = await Promise.all([
    blockedCallers(reading(), company.id),
    withheldChoiceOf(reading(), company.id),
  ]);
  const { news = null, headers } = await takeNews(asked, "saved", "caller-unblocked");
  const shown = blocked.map(({ caller, blockedAt }) => ({
    caller,
    shown: shownCaller(caller),
    since: shownTime(blockedAt, company.timeZone),
  }));
  return data({ refused, blocked: shown, withheld, news }, { headers });
});

/** Lifts the block of `caller`, or keeps what becomes of `withheld` numbers. */
export const action = pageAction(async (sent) => {
  const { id } = await requireCompany(sent);
  const { caller, withheld } = sent.form;
  try {
    if (caller !== undefined) {
      await unblockCaller(database(), id, caller, by(sent));
      return redirect(here, { headers: await withNews("caller-unblocked") });
    }
    const choice = withheldChoices.find((one) => one === withheld);
    if (!choice) {
      return refuseForm(sent, [], 400, { withheld: "Choose what becomes of withheld numbers" });
    }
    await saveWithheldChoice(database(), id, choice, by(sent));
    return redirect(here, { headers: await withNews("saved") });
  } catch (error) {
    return refuseFormFor(error, sent, []);
  }
});

const choices = {
  "as-others": "Take their calls like all others",
  message: "Ask them for a message",
  refuse: "Refuse them: they hear that you take no calls from withheld numbers",
} as const;

const news = { saved: "Saved.", "caller-unblocked": "The caller is not blocked any more." };

export default function WhoMayNotCall() {
  const loaded = useLoaderData<typeof loader>();
  const errors = useActionData<typeof action>()?.errors;
  return (
    <SettingsPage
      title={title}
      above={{ to: "/settings/calls", title: "Call handling" }}
      errors={errors}
      news={loaded.news && news[loaded.news]}
      here={here}
    >
      <PostForm submit="Save" submitting="Saving…" action={here}>
        <fieldset className="field">
          <legend>When a caller withholds the number</legend>
          {Object.entries(choices).map(([value, label]) => (
            <label className="row option" key={value}>
              <input
                type="radio"
                name="withheld"
                value={value}
                id={value === "as-others" ? "withheld" : `withheld-${value}`}
                defaultChecked={value === loaded.withheld}
              />{" "}
              <span>{label}</span>
            </label>
          ))}
        </fieldset>
      </PostForm>
      <h2>Blocked callers</h2>
      {loaded.blocked.length === 0 ? (
        <p>Nobody is blocked. Block a caller with the button beside a call, on Calls.</p>
      ) : (
        <BlockedCallers />
      )}
    </SettingsPage>
  );
}

function BlockedCallers() {
  const { blocked } = useLoaderData<typeof loader>();
  return (
    <>
      <p className="hint">They hear that you are not accepting calls, and leave no message.</p>
      <ul className="blocked-callers">
        {blocked.map(({ caller, shown, since }) => (
          <li key={caller}>
            <form method="post" action={here}>
              {shown.startsWith("+") ? <PhoneNumber>{shown}</PhoneNumber> : <bdi>{shown}</bdi>}{" "}
              <span className="hint">
                since <time dateTime={since.at}>{since.shown}</time>
              </span>{" "}
              <button type="submit" name="caller" value={caller} className="button secondary">
                Unblock<span className="visually-hidden"> {shown}</span>
              </button>
            </form>
          </li>
        ))}
      </ul>
    </>
  );
}
