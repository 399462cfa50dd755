import { Link } from "@remix-run/react";
import { useEffect, useRef, type MouseEvent } from "react";
import { useHydrated } from "#app/components/hydrated.ts";
import { addressOf } from "#app/components/number-address.ts";
import { PhoneNumber } from "#app/components/PhoneNumber.tsx";
import type { Choice } from "#app/http/choose-number.server.ts";

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
  const { search, numbers, more } = choice;
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
          {numbers.map(({ phoneNumber, shown }, index) => (
            <div key={phoneNumber}>
              <label className="row" onClick={selectInPlace}>
                <input
                  type="radio"
                  name="phone_number"
                  id={`number-${index + 1}`}
                  value={phoneNumber}
                />{" "}
                <PhoneNumber>{shown}</PhoneNumber>
              </label>
            </div>
          ))}
        </fieldset>
      )}
      {more !== null && (
        <Link
          className="button quiet"
          to={
            addressOf(action, search, more) +
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

function showing({ search, noDigits, numbers, total }: Choice): string {
  if (total > numbers.length) {
    return `Showing ${counted(numbers.length)} of ${counted(total)}`;
  }
  if (search !== "" && !noDigits) {
    if (total === 0) {
      const how = search.startsWith("+") ? "start with" : "contain";
      return `No numbers ${how} ${search}. Try fewer digits.`;
    }
    return `${counted(total)} ${total === 1 ? "number matches" : "numbers match"}`;
  }
  return `${counted(total)} ${total === 1 ? "number" : "numbers"} available`;
}
