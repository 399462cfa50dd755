import type { ReactNode } from "react";

interface ChoiceProps {
  name: string;
  value: string;
  /** the value of the chosen one */
  chosen: string;
  label: string;
  /** what choosing it means */
  hint: string;
  /** for the first one, the field's name: errors link to it */
  id?: string;
  /** fields that it needs, if chosen */
  children?: ReactNode;
}

/** One of several choices, on a card that explains it; pressing anywhere on the card chooses it. */
export function Choice({
  name,
  value,
  chosen,
  label,
  hint,
  id = `${name}-${value}`,
  children,
}: ChoiceProps) {
  return (
    <div className="choice">
      <label className="row option">
        <input
          type="radio"
          name={name}
          value={value}
          id={id}
          defaultChecked={value === chosen}
          aria-describedby={`${id}-hint`}
        />{" "}
        <span>{label}</span>
      </label>
      <p className="hint" id={`${id}-hint`}>
        {hint}
      </p>
      {children && <div className="of-choice">{children}</div>}
    </div>
  );
}
