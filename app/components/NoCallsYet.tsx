import { ConfigurePhone } from "#app/components/ConfigurePhone.tsx";
import { HowToTest } from "#app/components/RingTest.tsx";
import type { ShownNumber } from "#app/http/shown-number.server.ts";

/** Shown instead of the calls if a company has had none. */
export function NoCallsYet({ number }: { number: ShownNumber | null }) {
  return (
    <section className="card" aria-label="All calls">
      {number === null ? (
        <ConfigurePhone to="/dashboard/choose-number">
          No calls yet. You need a number first.
        </ConfigurePhone>
      ) : (
        <p>
          No calls yet. <HowToTest number={number} />
        </p>
      )}
    </section>
  );
}
