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
  selected: OfferedNumber | undefined;
  /** the selected number, if it is not in the list now */
  kept: OfferedNumber | undefined;
  /** @param number undefined when no number is selected any more */
  onSelect: (number: OfferedNumber | undefined) => void;
}

/**
 * The numbers on offer as radio buttons, none of them selected to begin with. Text browsers select
 * the first of a group by themselves, so the first stands for no number, or for one that was
 * selected before a search; style sheets hide it until it has focus.
 */
export function NumberList({ choice, action, selected, kept, onSelect }: NumberListProps) {
  const { numbers, more, next } = choice;
  const hydrated = useHydrated();
  const list = useRef<HTMLFieldSetElement>(null);
  const firstNew = useRef<number>();
  useEffect(() => {
    const [none, ...radios] = list.current?.querySelectorAll("input") ?? [];
    // A search may have hidden the selected number or brought it back, and the browser may have
    // restored a selection.
    const radio =
      radios.find(({ value }) => value === selected?.phoneNumber) ??
      radios.find(({ checked }) => checked);
    if (radio ?? none) (radio ?? none)!.checked = true;
    onSelect(choice.numbers.find(({ phoneNumber }) => phoneNumber === radio?.value) ?? kept);
    if (firstNew.current !== undefined) {
      radios[firstNew.current]?.focus({ preventScroll: true });
    }
    firstNew.current = undefined;
  }, [choice, selected, kept, onSelect]);

  return (
    <div className="modal-list">
      <p className="hint" role="status">
        {showing(choice)}
      </p>
      {(numbers.length > 0 || kept) && (
        <fieldset
          ref={list}
          onChange={(event) => {
            const radio: EventTarget = event.target;
            if (!(radio instanceof HTMLInputElement)) return;
            onSelect(numbers.find(({ phoneNumber }) => phoneNumber === radio.value));
          }}
        >
          <legend className="visually-hidden">Available phone numbers</legend>{" "}
          <label className="row none-yet">
            <input
              type="radio"
              name="phone_number"
              value={kept?.phoneNumber ?? ""}
              defaultChecked
            />{" "}
            {kept ? `Still ${kept.shown}` : "None yet"}
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
                <span>
                  <PhoneNumber>{number.shown}</PhoneNumber>{" "}
                  {number.facts && <span className="hint">{number.facts}</span>}
                </span>
              </label>
            </div>
          ))}
        </fieldset>
      )}
      {choice.isLongest && <p className="hint">Search to narrow it down.</p>}
      {more !== null && (
        <Link
          className="button quiet"
          to={
            addressOf(action, choice, more) +
            // Without JavaScript a new page opens, at the first of the added numbers.
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

// A label by itself scrolls a row that is partly out of sight, so a double click would hit another
// row.
function selectInPlace(event: MouseEvent<HTMLLabelElement>) {
  const radio = event.currentTarget.control;
  if (!radio || event.target === radio) return;
  event.preventDefault();
  radio.focus({ preventScroll: true });
  radio.click();
}

const counted = (count: number) => count.toLocaleString("en-GB");

function showing(choice: Choice): string {
  const { search, noDigits, numbers, total, next } = choice;
  if (next !== null) {
    const found = numbers.length === 0 ? "Nothing" : counted(numbers.length);
    return `${found} so far. Not all numbers have been looked through.`;
  }
  if (total === null) {
    const shown = counted(numbers.length);
    return `More than ${shown} numbers match. Showing the first ${shown}.`;
  }
  if (total > numbers.length) return `Showing ${counted(numbers.length)} of ${counted(total)}`;
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
  return isNarrowed(choice)
    ? `No numbers of this choice ${how} ${search}. Try fewer digits, or another choice above.`
    : `No numbers ${how} ${search}. Try fewer digits.`;
}
