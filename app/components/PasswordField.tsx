import { useEffect, useRef, useState } from "react";
import { Field } from "#app/components/Field.tsx";
import { useHydrated } from "#app/components/hydrated.ts";

interface PasswordFieldProps {
  autoComplete: "new-password" | "current-password";
  hint?: string;
  error?: string | undefined;
}

/** A password, hidden until asked for; what is sent is hidden again, so that no browser keeps it as plain text. */
export function PasswordField({ autoComplete, ...field }: PasswordFieldProps) {
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
    <Field name="password" label="Password" {...field}>
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
              aria-label={shown ? "Hide password" : "Show password"}
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
