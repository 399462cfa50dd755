import { Link } from "@remix-run/react";
import { useEffect, useRef, type MouseEvent } from "react";
import { useHydrated } from "#app/components/hydrated.ts";
import { addressOf } from "#app/components/number-address.ts";
import { PhoneNumber } from "#app/components/PhoneNumber.tsx";
import type { Choice, OfferedNumber } from "#app/http/choose-number.server.ts";

interface NumberListProps {
  choice: Choice;
  /** the path of the page that shows the numbers */
  action: string;
  /** @param phoneNumber in E.164; undefined when the list has no selected number any more */
  onSelect: (phoneNumber: string | undefined) => void;
}

/**
 * The numbers on offer, as radio buttons of which none is selected to begin with. Text browsers select the first of a
 * group by themselves, so that one stands for no number; style sheets hide it until it has the focus.
 */
export function NumberList({ choice, action, onSelect }: NumberListProps) {
  const { numbers, more, next } = choice;
  const hydrated = useHydrated();
  const list = useRef<HTMLFieldSetElement>(null);
  const firstNew = useRef<number>();
  useEffect(() => {
    const [none, ...radios] = list.current?.querySelectorAll("input") ?? [];
    // The browser may have kept a selection, and a search may have taken one away.
    const selected = radios.find((radio) => radio.checked);
    if (none && !selected) none.checked = true;
    onSelect(selected?.value);
    if (firstNew.current !== undefined) {
      radios[firstNew.current]?.focus({ preventScroll: true });
    }
    firstNew.current = undefined;
  }, [choice, onSelect]);

  return (
    <div className="modal-list">
      <p className="hint" role="status">
        {showing(choice)}
      </p>
      {numbers.length > 0 && (
        <fieldset
          ref={list}
          onChange={(event) => {
            if (event.target instanceof HTMLInputElement) {
              onSelect(event.target.value);
            }
          }}
        >
          <legend className="visually-hidden">Available phone numbers</legend>
          <label className="row none-yet">
            <input type="radio" name="phone_number" value="" defaultChecked /> None yet
          </label>
          {numbers.map((number, index) => (
            <div key={number.phoneNumber}>
              <label className="row" onClick={selectInPlace}>
                <input
                  type="radio"
                  name="phone_number"
                  id={`number-${index + 1}`}
                  value={number.phoneNumber}
                />{" "}
                <PhoneNumber>{number.shown}</PhoneNumber> <NumberFacts number={number} />
              </label>
            </div>
          ))}
        </fieldset>
      )}
      {more !== null && (
        <Link
          className="button quiet"
          to={
            addressOf(action, choice, more) +
            // Without JavaScript the page begins anew, at the first of the numbers that were asked for.
            (hydrated ? "" : `#number-${numbers.length + 1}`)
          }
          replace
          preventScrollReset
          onClick={() => (firstNew.current = numbers.length)}
        >
          Show more numbers
        </Link>
      )}
      {next !== null && (
        <Link
          className="button quiet"
          to={addressOf(action, { ...choice, after: next })}
          replace
          preventScrollReset
        >
          Search on
        </Link>
      )}
    </div>
  );
}

// A label's own way scrolls a row that is partly out of sight, so that a double click would hit another one.
function selectInPlace(event: MouseEvent<HTMLLabelElement>) {
  const radio = event.currentTarget.control;
  if (!radio || event.target === radio) return;
  event.preventDefault();
  radio.focus({ preventScroll: true });
  radio.click();
}

const counted = (count: number) => count.toLocaleString("en-GB");

function showing(choice: Choice): string {
  const { search, noDigits, numbers, total, many, next } = choice;
  if (next !== null) {
    const found = numbers.length === 0 ? "Nothing" : counted(numbers.length);
    return `${found} so far. Not all numbers have been looked through.`;
  }
  if (total > numbers.length) {
    const all = many ? `more than ${counted(total)}` : counted(total);
    return `Showing ${counted(numbers.length)} of ${all}`;
  }
  if ((search === "" || noDigits) && !isNarrowed(choice)) {
    return `${counted(total)} ${total === 1 ? "number" : "numbers"} available`;
  }
  if (numbers.length === 0) return noMatch(choice);
  return `${counted(numbers.length)} ${numbers.length === 1 ? "number matches" : "numbers match"}`;
}

const isNarrowed = ({ country, memorable }: Choice) => country !== null || memorable;

function noMatch(choice: Choice): string {
  const { search, noDigits } = choice;
  if (search === "" || noDigits) return "No numbers match. Try another choice above.";
  const how = search.startsWith("+") ? "start with" : "contain";
  return `No numbers ${how} ${search}. Try fewer digits.`;
}

const kindNames: Record<OfferedNumber["kind"], string | undefined> = {
  mobile: "mobile",
  geographic: "landline",
  "geographic-or-mobile": "landline or mobile",
  "toll-free": "toll-free",
  voip: "internet",
  other: undefined,
};

function NumberFacts({ number: { countryName, kind } }: { number: OfferedNumber }) {
  const facts = [countryName, kindNames[kind]].filter((fact) => fact);
  return facts.length > 0 ? <span className="hint">{facts.join(" · ")}</span> : null;
}
