import { useMatches } from "@remix-run/react";

/** The `handle` of a route that is a modal over its parent's page. */
export const modalRoute = { modal: true };

/**
 * The attributes of everything behind a modal, while a modal route is shown.
 * React 18 does not know `inert`, and drops it unless it is a string.
 */
export function useBehindModal(): { inert?: "" } {
  const open = useMatches().some(
    ({ handle }) => (handle as { modal?: boolean } | undefined)?.modal,
  );
  return open ? { inert: "" } : {};
}
