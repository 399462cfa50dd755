import { Form } from "@remix-run/react";
import { callsAddress } from "#app/components/calls-address.ts";

/**
 * Chooses which calls are shown, and downloads those.
 * @param outcomes each as an address and as people have it
 */
export function CallFilter({
  outcome,
  outcomes,
}: {
  outcome: string | null;
  outcomes: [value: string, label: string][];
}) {
  return (
    <div className="over-table">
      <Form method="get" role="search" aria-label="Calls" className="field">
        <label htmlFor="outcome">Show</label>
        <div className="with-button">
          <select key={outcome} id="outcome" name="outcome" defaultValue={outcome ?? ""}>
            <option value="">All calls</option>
            {outcomes.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
          <button type="submit" className="button secondary">
            Show
          </button>
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
