import { Link } from "@remix-run/react";
import { CallsPerDay } from "#app/components/CallsPerDay.tsx";
import { CallTable } from "#app/components/CallTable.tsx";
import { CallTiles } from "#app/components/CallTiles.tsx";
import { CopyButton } from "#app/components/CopyButton.tsx";
import { FirstSteps } from "#app/components/FirstSteps.tsx";
import { PhoneNumber, WithPhoneNumbers } from "#app/components/PhoneNumber.tsx";
import type { ShownNumber } from "#app/http/shown-number.server.ts";
import type { ShownOverview } from "#app/http/shown-overview.server.ts";

interface OverviewProps {
  number: ShownNumber;
  overview: ShownOverview;
}

/** What a company with a number sees at a glance. */
export function Overview({ number, overview }: OverviewProps) {
  const { called, recent, days, timeZone, hears, steps } = overview;
  return (
    <>
      <div className="overview">
        <div className="overview-side">
          <OwnNumber number={number} hears={steps?.heard === false ? null : hears} />
          {called && <CallTiles days={days} />}
        </div>
        {called && (
          <section className="card" aria-labelledby="calls-a-day">
            <h2 id="calls-a-day">Calls a day</h2>
            <CallsPerDay days={days} timeZone={timeZone} />
          </section>
        )}
        {steps && <FirstSteps number={number} overview={overview} steps={steps} />}
      </div>
      {called && (
        <section className="card" aria-labelledby="recent-calls">
          <h2 id="recent-calls">Recent calls</h2>
          <CallTable calls={recent} caption="Recent calls, newest first" />
          <p>
            <Link className="button quiet" to="/calls">
              All calls
            </Link>
          </p>
        </section>
      )}
    </>
  );
}

interface OwnNumberProps {
  number: ShownNumber;
  /** null if a step says it */
  hears: string | null;
}

function OwnNumber({ number, hears }: OwnNumberProps) {
  const shown = <PhoneNumber>{number.shown}</PhoneNumber>;
  return (
    <section className="card" aria-labelledby="number">
      <h2 id="number">Your phone number</h2>
      <p className="own-number">
        {number.demo ? shown : <a href={`tel:${number.phoneNumber}`}>{shown}</a>}{" "}
        <CopyButton text={number.phoneNumber} what="phone number" />
      </p>
      <p className="hint">
        Yours since <time dateTime={number.assignedAt}>{number.since}</time>
      </p>
      {hears !== null && (
        <p>
          Callers hear: <WithPhoneNumbers text={hears} />{" "}
          <Link to="/settings/calls">
            Change<span className="visually-hidden"> what callers hear</span>
          </Link>
        </p>
      )}
    </section>
  );
}
