import { Link } from "@remix-run/react";
import { addressOf } from "#app/components/number-address.ts";
import type { Choice, ChoiceFilter } from "#app/http/choose-number.server.ts";

interface NumberFiltersProps {
  choice: Choice;
  /** the path of the page that shows the numbers */
  action: string;
}

/** Links that narrow the numbers to a country, or to those that are easy to remember. */
export function NumberFilters({ choice, action }: NumberFiltersProps) {
  const { countries, country, memorable } = choice;
  const chip = (text: string, current: boolean, change: Partial<ChoiceFilter>) => (
    <li key={text}>
      <Link
        className="chip"
        to={addressOf(action, { ...choice, after: null, ...change })}
        aria-current={current ? "true" : undefined}
        replace
        preventScrollReset
      >
        {text}
      </Link>{" "}
    </li>
  );
  return (
    <nav aria-label="Kinds of numbers">
      <ul className="chips">
        {countries.length > 1 && chip("All countries", country === null, { country: null })}
        {countries.length > 1 &&
          countries.map(({ country: code, name }) =>
            chip(name, country === code, { country: code }),
          )}
        {chip("Easy to remember", memorable, { memorable: !memorable })}
      </ul>
    </nav>
  );
}
