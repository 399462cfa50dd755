import type { ReactNode } from "react";

interface ChoiceProps {
  name: string;
  value: string;
  /** the value of the one that is chosen */
  chosen: string;
  label: string;
  /** what comes of it */
  hint: string;
  /** the field's name for the first, to which an error leads */
  id?: string;
  /** what it needs to know, if it is chosen */
  children?: ReactNode;
}

/** One of several, on a card that explains itself and is chosen by a press anywhere in it. */
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
