import { data, redirect, type MetaFunction } from "@remix-run/node";
import { useActionData, useLoaderData } from "@remix-run/react";
import { BlockedCallers, BlockNumber } from "#app/components/BlockedCallers.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { WithheldCallers } from "#app/components/WithheldCallers.tsx";
import { database, reading } from "#app/db.server.ts";
import {
  blockedCallers,
  saveWithheldChoice,
  unblockCaller,
  withheldChoiceOf,
  withheldChoices,
} from "#app/domain/blocked-callers.server.ts";
import { blockTypedNumber } from "#app/http/block-number.server.ts";
import { by } from "#app/http/by.server.ts";
import { formOwner, keepForm, takeKeptForm } from "#app/http/kept-form.server.ts";
import { takeNews, withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { shownCaller } from "#app/http/shown-call.server.ts";
import { shownTime } from "#app/http/shown-time.server.ts";

const title = "Who may not call";
const here = "/settings/calls/blocked";
const shownAgain = ["number"];

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle(title, data?.refused);
export { headersOfAction as headers } from "#app/http/page.server.ts";

export const loader = companyLoader(async ({ company, refused, ...asked }) => {
  const [blocked, withheld] = await Promise.all([
    blockedCallers(reading(), company.id),
    withheldChoiceOf(reading(), company.id),
  ]);
  const { news = null, headers } = await takeNews(asked, ...told);
  const kept = await takeKeptForm(asked, company.id);
  const shown = blocked.map(({ caller, blockedAt }) => ({
    caller,
    shown: shownCaller(caller),
    since: shownTime(blockedAt, company.timeZone),
  }));
  const typed = { number: kept.values?.number, [formOwner]: String(company.id) };
  return data(
    { refused, blocked: shown, withheld, news, typed },
    { headers: [...Object.entries(headers), ...Object.entries(kept.headers)] },
  );
});

/**
 * Blocks a `number`, lifts the block on a `caller`, or saves what happens to `withheld` numbers.
 */
export const action = pageAction(async (sent) => {
  const { id } = await requireCompany(sent, () => keepForm(sent, shownAgain));
  const { number, caller, withheld } = sent.form;
  try {
    if (number !== undefined) {
      const wrong = await blockTypedNumber(id, number, by(sent));
      if (wrong !== undefined) return refuseForm(sent, shownAgain, 400, { number: wrong });
      return redirect(here, { headers: await withNews("caller-blocked") });
    }
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
    return refuseFormFor(error, sent, shownAgain);
  }
});

const told = ["saved", "caller-blocked", "caller-unblocked"] as const;
const news = {
  saved: "Saved.",
  "caller-blocked": "The caller is blocked.",
  "caller-unblocked": "The caller is not blocked any more.",
} as const satisfies Record<(typeof told)[number], string>;

export default function WhoMayNotCall() {
  const { blocked, withheld, typed, ...loaded } = useLoaderData<typeof loader>();
  const refused = useActionData<typeof action>();
  return (
    <SettingsPage
      title={title}
      above={{ to: "/settings/calls", title: "Call handling" }}
      errors={refused?.errors}
      news={loaded.news && news[loaded.news]}
      here={here}
    >
      <div className="beside">
        <WithheldCallers here={here} chosen={withheld} />
        <div>
          <h2>Blocked callers</h2>
          <BlockedCallers here={here} blocked={blocked} />
          <BlockNumber
            here={here}
            owner={typed.form_owner}
            value={refused?.values.number ?? typed.number}
            error={refused?.errors.number}
          />
        </div>
      </div>
    </SettingsPage>
  );
}
