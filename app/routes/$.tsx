import { data } from "@remix-run/node";
import { pageAction } from "#app/http/page.server.ts";

const notFound = () => data({ message: "There is no page at this address." }, 404);

export function loader() {
  throw notFound();
}

export const action = pageAction(() => Promise.reject(notFound()));

/** The ErrorBoundary shows what is thrown; without a component this were no page. */
export default function NotFound() {
  return null;
}
