import { Link } from "@remix-run/react";
import { useEffect, useRef } from "react";
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

/** The numbers on offer, as radio buttons of which none is selected to begin with. */
export function NumberList({ choice, action, onSelect }: NumberListProps) {
  const { search, numbers, more } = choice;
  const hydrated = useHydrated();
  const list = useRef<HTMLFieldSetElement>(null);
  const firstNew = useRef<number>();
  useEffect(() => {
    const radios = [...(list.current?.querySelectorAll("input") ?? [])];
    // The browser may have kept a selection, and a search may have taken one away.
    onSelect(radios.find((radio) => radio.checked)?.value);
    if (firstNew.current !== undefined) {
      radios[firstNew.current]?.focus({ preventScroll: true });
    }
    firstNew.current = undefined;
  }, [choice, onSelect]);

  return (
    <>
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
          {numbers.map(({ phoneNumber, shown }, index) => (
            <div key={phoneNumber}>
              <label className="row">
                <input
                  type="radio"
                  name="phone_number"
                  id={`number-${index + 1}`}
                  value={phoneNumber}
                />
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
    </>
  );
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
