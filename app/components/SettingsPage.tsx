import type { ReactNode } from "react";
import { Link } from "@remix-run/react";
import { Banner } from "#app/components/Banner.tsx";
import { ErrorSummary } from "#app/components/ErrorSummary.tsx";
import { Main } from "#app/components/Main.tsx";
import type { FieldErrors } from "#app/http/fields.ts";

interface SettingsPageProps {
  title: string;
  /** its parent page */
  above?: { to: string; title: string };
  errors?: FieldErrors | undefined;
  /** what a form on the page did, told once */
  news?: ReactNode;
  /** this page's path, which dismissing the news leads to */
  here: string;
  /** anything else to show first */
  first?: ReactNode;
  children: ReactNode;
}

const settings = { to: "/settings", title: "Settings" };

/** A page of Settings: problems or news, a link to its parent, its heading. */
export function SettingsPage({
  title,
  above = settings,
  errors,
  news,
  here,
  first,
  children,
}: SettingsPageProps) {
  return (
    <Main>
      {errors && <ErrorSummary errors={errors} />}
      {news && <Banner dismissTo={here}>{news}</Banner>}
      {first}
      <p className="over-heading">
        <Link to={above.to}>{above.title}</Link>
      </p>
      <h1 tabIndex={-1}>{title}</h1>
      {children}
    </Main>
  );
}
