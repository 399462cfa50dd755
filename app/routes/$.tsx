import { data } from "@remix-run/node";
import { pageAction } from "#app/http/page.server.ts";

const notFound = () => data({ message: "There is no page at this address." }, 404);

export function loader() {
  throw notFound();
}

export const action = pageAction(() => Promise.reject(notFound()));

/** Never shown, since the ErrorBoundary is; without a component the route would not be a page. */
export default function NotFound() {
  return null;
}
