import { Form, Link } from "@remix-run/react";
import { callsAddress } from "#app/components/calls-address.ts";
import { Field } from "#app/components/Field.tsx";
import type { TypedFilter } from "#app/http/asked-calls.server.ts";
import type { CallTab } from "#app/http/call-tabs.server.ts";
import type { FieldErrors } from "#app/http/fields.ts";

interface CallFilterProps {
  typed: TypedFilter;
  errors: FieldErrors | undefined;
  tabs: CallTab[];
}

/** Chooses which calls are shown, and downloads them. */
export function CallFilter({ typed, errors, tabs }: CallFilterProps) {
  const narrowed = typed.search !== "" || typed.since !== "" || typed.until !== "";
  return (
    <>
      <nav aria-label="Kinds of calls">
        <ul className="chips">
          {tabs.map(([outcome, label, count]) => (
            <li key={outcome}>
              <Link
                className="chip"
                to={callsAddress({ ...typed, outcome })}
                aria-current={outcome === typed.outcome ? "page" : undefined}
              >
                {label}
                {count !== null && <> {count}</>}
              </Link>{" "}
            </li>
          ))}
        </ul>
      </nav>
      {/* The fields follow the address, on Back too. */}
      <Form
        method="get"
        action="/calls"
        role="search"
        aria-label="Calls"
        className="over-table"
        key={JSON.stringify(typed)}
      >
        {typed.outcome !== "" && <input type="hidden" name="outcome" value={typed.outcome} />}
        <Field name="search" label="Caller's digits" error={errors?.search}>
          {(input) => (
            <input
              {...input}
              type="text"
              inputMode="tel"
              autoComplete="off"
              maxLength={40}
              defaultValue={typed.search}
            />
          )}
        </Field>{" "}
        <Day name="since" label="From" value={typed.since} error={errors?.since} />{" "}
        <Day name="until" label="To" value={typed.until} error={errors?.until} />{" "}
        <div className="actions">
          <button type="submit" className="button secondary">
            Search
          </button>{" "}
          {narrowed && (
            <Link
              className="button quiet"
              to={callsAddress({ ...typed, search: "", since: "", until: "" })}
            >
              Clear<span className="visually-hidden"> the search</span>
            </Link>
          )}{" "}
          {!errors && (
            <a className="button quiet" href={callsAddress(typed, "", "/calls.csv")} download>
              Download as CSV
            </a>
          )}
        </div>
      </Form>
    </>
  );
}

interface DayProps {
  name: string;
  label: string;
  value: string;
  error: string | undefined;
}

function Day({ name, label, value, error }: DayProps) {
  return (
    <Field name={name} label={label} error={error}>
      {(input) => <input {...input} type="date" autoComplete="off" defaultValue={value} />}
    </Field>
  );
}
