import { Form, Link } from "@remix-run/react";
import { useEffect, useRef } from "react";
import { addressOf } from "#app/components/number-address.ts";
import type { Choice } from "#app/http/choose-number.server.ts";

interface NumberSearchProps {
  choice: Choice;
  /** the path of the page that shows the numbers */
  action: string;
}

/** Finds numbers by some of their digits. What was searched for is in the address. */
export function NumberSearch({ choice, action }: NumberSearchProps) {
  const { search, noDigits } = choice;
  const input = useRef<HTMLInputElement>(null);
  // The box is the visitor's to type in, also before scripts run, so it follows the address only when that changes.
  const shown = useRef(search);
  useEffect(() => {
    if (input.current && shown.current !== search) input.current.value = search;
    shown.current = search;
  }, [search]);
  return (
    <Form method="get" action={action} role="search" className="field" replace preventScrollReset>
      {choice.country !== null && <input type="hidden" name="country" value={choice.country} />}
      {choice.memorable && <input type="hidden" name="memorable" value="1" />}
      <label htmlFor="search">Search by digits, like 086</label>
      {noDigits && (
        <p className="field-error" id="search-error">
          Type digits to search.
        </p>
      )}
      <div className="with-button">
        <input
          ref={input}
          id="search"
          name="search"
          type="text"
          inputMode="tel"
          autoComplete="off"
          maxLength={40}
          defaultValue={search}
          aria-describedby={noDigits ? "search-error" : undefined}
          aria-invalid={noDigits || undefined}
        />
        <button type="submit" className="button secondary">
          Search
        </button>
        {search !== "" && (
          <Link
            className="button quiet"
            to={addressOf(action, { ...choice, search: "", after: null })}
            replace
            preventScrollReset
            onClick={() => input.current?.focus()}
          >
            Clear<span className="visually-hidden"> the search</span>
          </Link>
        )}
      </div>
    </Form>
  );
}
