import { Link } from "@remix-run/react";
import { site } from "#app/components/site.ts";

export function Brand() {
  return (
    <Link to="/" className="brand">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <path d="M11 7.5c.7-.2 1.3 0 1.6.7l1.4 3c.3.6.1 1.2-.3 1.6l-1.5 1.5a11 11 0 0 0 5.5 5.5l1.5-1.5c.4-.4 1-.6 1.6-.3l3 1.4c.7.3.9.9.7 1.6l-.6 2.2c-.2.7-.8 1.2-1.5 1.2C14.5 24.4 7.6 17.5 7.6 9.6c0-.7.5-1.3 1.2-1.5z" />
      </svg>
      {site().name}
    </Link>
  );
}
