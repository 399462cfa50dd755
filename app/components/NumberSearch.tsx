import { Form, Link } from "@remix-run/react";
import { useEffect, useRef, useState } from "react";
import { addressOf } from "#app/components/number-address.ts";
import type { Choice } from "#app/http/choose-number.server.ts";

interface NumberSearchProps {
  choice: Choice;
  /** the path of the page that shows the numbers */
  action: string;
}

/** Finds numbers by some of their digits. The search is in the address. */
export function NumberSearch({ choice, action }: NumberSearchProps) {
  const { search, noDigits } = choice;
  // A search changes nothing but rows, so the example stays.
  const [example] = useState(choice.example);
  const input = useRef<HTMLInputElement>(null);
  // The visitor may type at any time, even before scripts run, so the box follows the address only
  // when that changes.
  const shown = useRef(search);
  useEffect(() => {
    if (input.current && shown.current !== search) input.current.value = search;
    shown.current = search;
  }, [search]);
  return (
    <Form method="get" action={action} role="search" className="field" replace preventScrollReset>
      {choice.country !== null && <input type="hidden" name="country" value={choice.country} />}
      {choice.memorable && <input type="hidden" name="memorable" value="1" />}
      <p className="search-label">
        <label htmlFor="search">Search by digits</label>{" "}
        {noDigits ? (
          <span className="field-error" id="search-hint">
            Type digits to search.
          </span>
        ) : (
          example !== null && (
            <span className="hint" id="search-hint">
              For example {example}
            </span>
          )
        )}
      </p>
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
          aria-describedby={noDigits || example !== null ? "search-hint" : undefined}
          aria-invalid={noDigits || undefined}
        />{" "}
        <button type="submit" className="button secondary">
          Search
        </button>{" "}
        <span className="clear">
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
        </span>
      </div>
    </Form>
  );
}
