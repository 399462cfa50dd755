import type { ReactNode } from "react";
import { WithPhoneNumbers } from "#app/components/PhoneNumber.tsx";

interface FieldProps {
  /** also the input's id */
  name: string;
  label: string;
  hint?: string;
  error?: ReactNode;
  children: (input: InputProps) => ReactNode;
}

/** What ties an input to its label, hint and error. */
export interface InputProps {
  id: string;
  name: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}

export function Field({ name, label, hint, error, children }: FieldProps) {
  const hintId = hint ? `${name}-hint` : "";
  const errorId = error ? `${name}-error` : "";
  const describedBy = [hintId, errorId].filter(Boolean).join(" ");
  return (
    <div className={error ? "field field-wrong" : "field"}>
      <label htmlFor={name}>{label}</label>{" "}
      {hint && (
        <p className="hint" id={hintId}>
          <WithPhoneNumbers text={hint} />
        </p>
      )}
      {error && (
        <p className="field-error" id={errorId}>
          <span className="visually-hidden">Error: </span>
          {typeof error === "string" ? <WithPhoneNumbers text={error} /> : error}
        </p>
      )}
      {children({
        id: name,
        name,
        ...(describedBy && { "aria-describedby": describedBy }),
        ...(error ? { "aria-invalid": true as const } : {}),
      })}
    </div>
  );
}

type TextFieldProps = Omit<FieldProps, "children"> & {
  type?: "text" | "email" | "tel";
  autoComplete: string;
  /** what was sent and rejected */
  value: string | undefined;
};

export function TextField({ type = "text", autoComplete, value, ...field }: TextFieldProps) {
  return (
    <Field {...field}>
      {(input) => (
        <input
          {...input}
          type={type}
          autoComplete={autoComplete}
          defaultValue={value}
          {...(type === "email" && {
            autoCapitalize: "none",
            spellCheck: false,
          })}
        />
      )}
    </Field>
  );
}

type SelectFieldProps = Omit<FieldProps, "children"> & {
  value: string | undefined;
  /** each value is sent, and also shown unless it has a name */
  options: readonly (string | readonly [value: string, name: string])[];
};

export function SelectField({ value, options, ...field }: SelectFieldProps) {
  return (
    <Field {...field}>
      {(input) => (
        <select {...input} defaultValue={value}>
          {options.map((option) =>
            typeof option === "string" ? (
              <option key={option}>{option}</option>
            ) : (
              <option key={option[0]} value={option[0]}>
                {option[1]}
              </option>
            ),
          )}
        </select>
      )}
    </Field>
  );
}
