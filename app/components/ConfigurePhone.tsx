import { Link } from "@remix-run/react";

interface ConfigurePhoneProps {
  /** that there is no number, in the page's words */
  children: string;
  /** the page with the modal */
  to: "/dashboard/choose-number" | "/settings/phone/choose";
}

/** What a company without a number sees instead of one. */
export function ConfigurePhone({ children, to }: ConfigurePhoneProps) {
  return (
    <>
      <p>{children}</p>
      <p className="actions">
        <Link className="button" to={to}>
          Configure Phone
        </Link>
      </p>
    </>
  );
}
