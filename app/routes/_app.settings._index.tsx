import { redirect, type MetaFunction } from "@remix-run/node";
import { Link, useLoaderData } from "@remix-run/react";
import { Main } from "#app/components/Main.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { WithPhoneNumbers } from "#app/components/PhoneNumber.tsx";
import { reading } from "#app/db.server.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { settingsInBrief } from "#app/domain/settings-in-brief.server.ts";
import { whereCallsGo } from "#app/http/call-handling-words.server.ts";
import { companyLoader } from "#app/http/page.server.ts";

export const meta: MetaFunction = () => privatePageTitle("Settings");

export const loader = companyLoader(async ({ company }) => {
  const brief = await settingsInBrief(reading(), company.id);
  if (!brief) throw redirect("/login");
  const { handling, tokens, codes } = brief;
  return {
    values: {
      phone: company.phoneNumber === null ? "None yet" : formatPhoneNumber(company.phoneNumber),
      calls: whereCallsGo(handling),
      account: `${company.companyName}, ${company.email}`,
      tokens: counted(tokens, "token"),
      security: codes === 0 ? "No recovery codes yet" : `${counted(codes, "recovery code")} left`,
    },
  };
});

const counted = (count: number, what: string) =>
  count === 0 ? "None" : `${count} ${what}${count === 1 ? "" : "s"}`;

const sections = [
  ["phone", "Phone Configuration"],
  ["calls", "Call handling"],
  ["account", "Account"],
  ["tokens", "API tokens"],
  ["security", "Security"],
] as const;

export default function Settings() {
  const { values } = useLoaderData<typeof loader>();
  return (
    <Main>
      <h1 tabIndex={-1}>Settings</h1>
      <ul className="settings">
        {sections.map(([section, name]) => (
          <li key={section}>
            <Link to={`/settings/${section}`}>{name}</Link>{" "}
            <bdi className="hint">
              <WithPhoneNumbers text={values[section]} />
            </bdi>
          </li>
        ))}
      </ul>
    </Main>
  );
}
