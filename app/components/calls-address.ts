import type { TypedFilter } from "#app/http/asked-calls.server.ts";

/** The address of a page of calls, or of another `path` that keeps its filters. */
export function callsAddress(typed: TypedFilter, cursor = "", path = "/calls"): string {
  const { outcome, search, since, until } = typed;
  const query = new URLSearchParams(
    Object.entries({ outcome, search, since, until, cursor }).filter(([, value]) => value !== ""),
  ).toString();
  return query === "" ? path : `${path}?${query}`;
}
