import { useEffect, useRef, type MouseEvent } from "react";
import { WithPhoneNumbers } from "#app/components/PhoneNumber.tsx";
import type { FieldErrors, WholeForm } from "#app/http/fields.ts";

const wholeForm: WholeForm = "form";

/** What is wrong with a form, at its top: each line links to its field. Takes focus. */
export function ErrorSummary({ errors }: { errors: FieldErrors }) {
  const summary = useRef<HTMLDivElement>(null);
  useEffect(() => summary.current?.focus(), [errors]);
  return (
    <div className="error-summary" role="alert" tabIndex={-1} ref={summary}>
      <h2>There is a problem</h2>
      <ul>
        {Object.entries(errors).map(([field, message]) => (
          <li key={field}>
            {field === wholeForm ? (
              message
            ) : (
              <a href={`#${field}`} onClick={(event) => focus(event, field)}>
                <WithPhoneNumbers text={message} />
              </a>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

// To the router even a fragment is a navigation, and that would clear the errors.
function focus(event: MouseEvent, field: string) {
  event.preventDefault();
  document.getElementById(field)?.focus();
}
