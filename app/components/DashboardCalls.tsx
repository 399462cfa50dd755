import { Link } from "@remix-run/react";
import { CallsPerDay } from "#app/components/CallsPerDay.tsx";
import { CallTable } from "#app/components/CallTable.tsx";
import { RingTest } from "#app/components/RingTest.tsx";
import type { CallsOnDashboard } from "#app/http/shown-call.server.ts";
import type { ShownNumber } from "#app/http/shown-number.server.ts";

interface DashboardCallsProps {
  number: ShownNumber;
  calls: CallsOnDashboard;
}

/** What a company that has a number sees of its calls. */
export function DashboardCalls({ number, calls }: DashboardCallsProps) {
  const { called, proof, recent, days, timeZone } = calls;
  return (
    <>
      <section className="card" aria-labelledby="recent-calls">
        <h2 id="recent-calls">Recent calls</h2>
        <RingTest number={number} called={called} proof={proof} />
        {called && (
          <>
            <CallTable calls={recent} caption="Recent calls, newest first" />
            <p>
              <Link className="button quiet" to="/calls">
                All calls
              </Link>
            </p>
          </>
        )}
      </section>
      {called && (
        <section className="card" aria-labelledby="calls-a-day">
          <h2 id="calls-a-day">Calls a day</h2>
          <CallsPerDay days={days} timeZone={timeZone} />
        </section>
      )}
    </>
  );
}
