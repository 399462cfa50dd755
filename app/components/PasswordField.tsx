import { useEffect, useRef, useState } from "react";
import { Field } from "#app/components/Field.tsx";
import { useHydrated } from "#app/components/hydrated.ts";

interface PasswordFieldProps {
  name?: string;
  label?: string;
  autoComplete: "new-password" | "current-password";
  hint?: string;
  error?: string | undefined;
}

/**
 * A password, hidden until shown on request; it is hidden again when sent, so no browser remembers
 * it as plain text.
 */
export function PasswordField({
  name = "password",
  label = "Password",
  autoComplete,
  ...field
}: PasswordFieldProps) {
  const hydrated = useHydrated();
  const [shown, setShown] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const form = input.current?.form;
    const hide = () => setShown(false);
    form?.addEventListener("submit", hide);
    return () => form?.removeEventListener("submit", hide);
  }, []);
  return (
    <Field name={name} label={label} {...field}>
      {(attributes) => (
        <div className="with-button">
          <input
            {...attributes}
            ref={input}
            type={shown ? "text" : "password"}
            autoComplete={autoComplete}
            autoCapitalize="none"
            spellCheck={false}
          />
          {hydrated && (
            <button
              type="button"
              className="button secondary"
              aria-controls={attributes.id}
              aria-label={`${shown ? "Hide" : "Show"} ${label.toLowerCase()}`}
              onClick={() => setShown(!shown)}
            >
              {shown ? "Hide" : "Show"}
            </button>
          )}
        </div>
      )}
    </Field>
  );
}
