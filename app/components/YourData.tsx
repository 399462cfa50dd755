import { Link } from "@remix-run/react";

/** What a company can do with all the data kept about it. */
export function YourData() {
  return (
    <section aria-labelledby="data">
      <h2 id="data">Your data</h2>
      <p>
        Everything that is kept of your company: settings, sessions, events, calls. One file, in
        JSON.
      </p>
      <p className="actions">
        <a className="button secondary" href="/settings/account/export" download>
          Download your data
        </a>
      </p>
      <p className="actions">
        <Link className="button quiet" to="/settings/account/close">
          Close your account
        </Link>
      </p>
    </section>
  );
}
