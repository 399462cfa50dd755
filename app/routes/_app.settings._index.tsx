import type { MetaFunction } from "@remix-run/node";
import { Link } from "@remix-run/react";
import { Main } from "#app/components/Main.tsx";
import { privatePageTitle } from "#app/components/page-title.ts";
import { companyLoader } from "#app/http/page.server.ts";

export const meta: MetaFunction = () => privatePageTitle("Settings");

export const loader = companyLoader(async () => {
  return null;
});

export default function Settings() {
  return (
    <Main>
      <h1 tabIndex={-1}>Settings</h1>
      <ul className="sections">
        <li>
          <Link to="/settings/phone">Phone Configuration</Link>
          <p className="hint">Your company's number for incoming calls</p>
        </li>
        <li>
          <Link to="/settings/calls">Call handling</Link>
          <p className="hint">What happens when somebody calls it</p>
        </li>
        <li>
          <Link to="/settings/account">Account</Link>
          <p className="hint">Names, email address, phone and time zone</p>
        </li>
        <li>
          <Link to="/settings/tokens">API tokens</Link>
          <p className="hint">Programs that act for your company</p>
        </li>
        <li>
          <Link to="/settings/security">Security</Link>
          <p className="hint">Password, recovery codes, sessions</p>
        </li>
      </ul>
    </Main>
  );
}
