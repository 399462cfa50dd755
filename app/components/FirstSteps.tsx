import { Link } from "@remix-run/react";
import type { ReactNode } from "react";
import { RingTest } from "#app/components/RingTest.tsx";
import { WithPhoneNumbers } from "#app/components/PhoneNumber.tsx";
import type { ShownNumber } from "#app/http/shown-number.server.ts";
import type { ShownOverview, Steps } from "#app/http/shown-overview.server.ts";

interface FirstStepsProps {
  number: ShownNumber;
  overview: ShownOverview;
  steps: Steps;
}

/** What to do after choosing a number; each step says when it is done. */
export function FirstSteps({ number, overview, steps }: FirstStepsProps) {
  const { called, proof, hears } = overview;
  return (
    <section className="card first-steps" aria-labelledby="first-steps">
      <h2 id="first-steps">Make it yours</h2>
      <ol>
        <Step done={steps.heard} name="Check what callers hear">
          {!steps.heard && (
            <p>
              They hear: <WithPhoneNumbers text={hears} />{" "}
              <Link to="/settings/calls">Change it, or save it as it is</Link>
            </p>
          )}
        </Step>
        <Step done={steps.rung} name="Ring your number">
          <RingTest number={number} called={called} proof={proof} />
        </Step>
        <Step done={steps.codes} name="Save recovery codes">
          {!steps.codes && (
            <p>
              With one of them you get back in without your password:{" "}
              <Link to="/settings/security">make them in Security</Link>.
            </p>
          )}
        </Step>
      </ol>
    </section>
  );
}

function Step({ done, name, children }: { done: boolean; name: string; children: ReactNode }) {
  return (
    <li className={done ? "done" : undefined}>
      <h3>
        {name}
        {done && (
          <>
            {" "}
            <span className="tick">
              <span aria-hidden="true">✓ </span>Done
            </span>
          </>
        )}
      </h3>
      {children}
    </li>
  );
}
