import { Link } from "@remix-run/react";
import type { ReactNode } from "react";

interface BannerProps {
  /** the page without the news, if it can be dismissed */
  dismissTo?: string;
  children: ReactNode;
}

/** News at the top of a page; it takes focus, so screen readers announce it. */
export function Banner({ dismissTo, children }: BannerProps) {
  return (
    <div className="banner" role="status" tabIndex={-1} data-takes-focus>
      <p>{children}</p>
      {dismissTo && (
        <Link className="button quiet" to={dismissTo} replace>
          Dismiss<span className="visually-hidden"> this message</span>
        </Link>
      )}
    </div>
  );
}
