import { isRouteErrorResponse, Link, useLocation } from "@remix-run/react";
import { UnreachableError } from "#app/components/unreachable.ts";
import { PublicPage } from "#app/components/PublicPage.tsx";

interface Described {
  title: string;
  message: string;
  requestId?: string;
  /** whether the same request may succeed later */
  passing: boolean;
}

const titles: Record<number, string> = {
  400: "The form could not be read",
  403: "The form was refused",
  404: "Page not found",
  405: "That cannot be sent here",
  413: "That was too large",
  429: "Please wait a moment",
  503: "Not available right now",
};

// The text of what Remix throws is for developers.
const messages: Record<number, string> = {
  404: "There is no page at this address.",
  405: "This page takes no form. Nothing was changed.",
};

/**
 * What a visitor is told about an error that a loader or action threw, or that happened in the
 * browser.
 */
export function describeError(error: unknown): Described {
  if (error instanceof UnreachableError) {
    return {
      title: "The server could not be reached",
      message: "Check your connection and try again.",
      passing: true,
    };
  }
  const status = isRouteErrorResponse(error) ? error.status : 500;
  const told: unknown = isRouteErrorResponse(error) ? error.data : undefined;
  const { message, requestId } = (typeof told === "object" && told !== null ? told : {}) as {
    message?: string;
    requestId?: string;
  };
  return {
    title: titles[status] ?? "Something went wrong",
    message: message ?? messages[status] ?? "Something went wrong on our side. Try again later.",
    ...(requestId && { requestId }),
    passing: status >= 429,
  };
}

export function ErrorPage({ error }: { error: unknown }) {
  const { title, message, requestId, passing } = describeError(error);
  const { pathname, search } = useLocation();
  return (
    <PublicPage>
      <h1 tabIndex={-1}>{title}</h1>
      <p>{message}</p>
      <p className="actions">
        {passing && (
          <a className="button" href={pathname + search}>
            Try again
          </a>
        )}
        <Link className={passing ? "button secondary" : "button"} to="/" reloadDocument>
          Go to the start page
        </Link>
      </p>
      {requestId && (
        <p className="hint">
          If it keeps happening, tell us this id: <code>{requestId}</code>
        </p>
      )}
    </PublicPage>
  );
}
