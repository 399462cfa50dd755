import { Form } from "@remix-run/react";
import { callsAddress, outcomeLabels, type ShownOutcome } from "#app/components/call-outcomes.ts";

/** Chooses which calls are shown, and downloads those. */
export function CallFilter({ outcome }: { outcome: ShownOutcome | null }) {
  return (
    <div className="over-table">
      <Form method="get" role="search" aria-label="Calls" className="field">
        <label htmlFor="outcome">Show</label>
        <div className="with-button">
          <select key={outcome} id="outcome" name="outcome" defaultValue={outcome ?? ""}>
            <option value="">All calls</option>
            {Object.entries(outcomeLabels).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
          <button className="button secondary">Show</button>
        </div>
      </Form>
      <a
        className="button secondary"
        href={callsAddress(outcome, undefined, "/calls.csv")}
        download
      >
        Download as CSV
      </a>
    </div>
  );
}
