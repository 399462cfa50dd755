import {
  Links,
  Meta,
  Outlet,
  Scripts,
  ScrollRestoration,
  useLocation,
  useRouteError,
} from "@remix-run/react";
import type { HeadersFunction, LinksFunction, MetaFunction } from "@remix-run/node";
import { useContext, useEffect, useRef, type ReactNode } from "react";
import { describeError, ErrorPage } from "#app/components/ErrorPage.tsx";
import { PageProgress } from "#app/components/PageProgress.tsx";
import { pageTitle } from "#app/components/page-title.ts";
import { NonceContext } from "#app/components/request-context.ts";
import { site, siteAttribute } from "#app/components/site.ts";
import styles from "#app/styles/app.css?url";

export const links: LinksFunction = () => [
  { rel: "stylesheet", href: styles },
  { rel: "icon", href: "/favicon.svg", type: "image/svg+xml" },
  { rel: "apple-touch-icon", href: "/apple-touch-icon.png" },
  { rel: "manifest", href: "/site.webmanifest" },
];

export const meta: MetaFunction = ({ error }) =>
  error ? pageTitle(describeError(error).title) : [{ title: site().name }];

/** An error page keeps the error's headers, such as Retry-After. */
export const headers: HeadersFunction = ({ errorHeaders }) => errorHeaders ?? new Headers();

export function Layout({ children }: { children: ReactNode }) {
  const nonce = useContext(NonceContext);
  return (
    <html lang="en-GB" {...siteAttribute()}>
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <Meta />
        <Links />
      </head>
      <body>
        {children}
        <ScrollRestoration nonce={nonce} />
        <Scripts nonce={nonce} />
      </body>
    </html>
  );
}

export default function App() {
  useFocusAfterNavigation();
  return (
    <>
      <Outlet />
      <PageProgress />
    </>
  );
}

export function ErrorBoundary() {
  return <ErrorPage error={useRouteError()} />;
}

// After a full load a browser starts at the top; here focus on the heading or the news shows that
// the page has changed.
function useFocusAfterNavigation() {
  const { pathname, search } = useLocation();
  const loaded = useRef(true);
  useEffect(() => {
    if (!loaded.current) {
      document
        .querySelector<HTMLElement>("[data-takes-focus], main h1")
        ?.focus({ preventScroll: true });
    }
    loaded.current = false;
  }, [pathname, search]);
}
