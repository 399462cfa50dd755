import { Link } from "@remix-run/react";

interface ConfigurePhoneProps {
  /** that there is no number, in the words of the page */
  children: string;
  /** the page with the modal */
  to: "/dashboard/choose-number" | "/settings/phone/choose";
}

/** What a company without a number sees in its place. */
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
