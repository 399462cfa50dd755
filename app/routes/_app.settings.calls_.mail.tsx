import { data, redirect, type MetaFunction } from "@remix-run/node";
import { useActionData, useLoaderData } from "@remix-run/react";
import { z } from "zod";
import { privatePageTitle } from "#app/components/page-title.ts";
import { SettingsPage } from "#app/components/SettingsPage.tsx";
import { TellAddress, ToldAddresses } from "#app/components/ToldAddresses.tsx";
import { database, reading } from "#app/db.server.ts";
import { emailField } from "#app/domain/companies.server.ts";
import { sendsMail } from "#app/domain/mail-queue.server.ts";
import {
  addToldAddress,
  mostTold,
  removeToldAddress,
  toldAddresses,
} from "#app/domain/told-addresses.server.ts";
import { by } from "#app/http/by.server.ts";
import { checkFields } from "#app/http/fields.ts";
import { takeNews, withNews } from "#app/http/news.server.ts";
import { companyLoader, pageAction } from "#app/http/page.server.ts";
import { countMailTo } from "#app/http/rate-limits.server.ts";
import { refuseForm, refuseFormFor } from "#app/http/refused-form.server.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

const title = "Mail of missed calls";
const here = "/settings/calls/mail";

export const meta: MetaFunction<typeof loader> = ({ data }) =>
  privatePageTitle(title, data?.refused);
export { headersOfAction as headers } from "#app/http/page.server.ts";

const noMail = () => data({ message: "This service sends no mail." }, 404);

export const loader = companyLoader(async ({ company, refused, ...asked }) => {
  if (!sendsMail()) throw noMail();
  const addresses = await toldAddresses(reading(), company.id);
  const { news = null, headers } = await takeNews(asked, "saved", "link-sent");
  return data({ refused, addresses, news, own: company.email }, { headers });
});

const fields = z.object({ email: emailField });

/** Stops telling `remove`, or adds `email`. */
export const action = pageAction(async (sent) => {
  const { id } = await requireCompany(sent);
  if (!sendsMail()) throw noMail();
  try {
    if (sent.form.remove !== undefined) {
      await removeToldAddress(database(), id, sent.form.remove, by(sent));
      return redirect(here, { headers: await withNews("saved") });
    }
    const checked = checkFields(fields, sent.form);
    if (!checked.ok) return refuseForm(sent, ["email"], 400, checked.errors);
    // Each added address may send a mail to somebody else.
    const { email } = checked.values;
    await countMailTo(email, exchangeOf(sent.context).address);
    const outcome = await addToldAddress(database(), id, email, by(sent));
    if (outcome === "too-many") {
      const tooMany = `You can have ${mostTold} addresses told: remove one first.`;
      return refuseForm(sent, ["email"], 400, { email: tooMany });
    }
    const news = outcome === "link-sent" ? "link-sent" : "saved";
    return redirect(here, { headers: await withNews(news) });
  } catch (error) {
    return refuseFormFor(error, sent, ["email"]);
  }
});

const news = {
  saved: "Saved.",
  "link-sent": "A mail with a link is on its way there. Nothing else is sent before it is used.",
};

export default function MailOfMissedCalls() {
  const { addresses, own, ...loaded } = useLoaderData<typeof loader>();
  const refused = useActionData<typeof action>();
  return (
    <SettingsPage
      title={title}
      above={{ to: "/settings/calls", title: "Call handling" }}
      errors={refused?.errors}
      news={loaded.news && news[loaded.news]}
      here={here}
    >
      <p>
        These addresses get a mail when a call was missed or a message left; more than three in ten
        minutes share one.
      </p>
      <ToldAddresses here={here} addresses={addresses} />
      <TellAddress
        here={here}
        value={refused?.values.email ?? (addresses.length === 0 ? own : "")}
        error={refused?.errors.email}
      />
    </SettingsPage>
  );
}
