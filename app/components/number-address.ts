import type { ChoiceFilter } from "#app/http/choose-number.server.ts";

/**
 * The address of a filtered page of numbers.
 * @param action the page's path
 * @param show how many numbers; by default the page decides
 */
export function addressOf(action: string, filter: ChoiceFilter, show?: number): string {
  const { search, country, memorable, after } = filter;
  const query = new URLSearchParams({
    ...(search !== "" && { search }),
    ...(country !== null && { country }),
    ...(memorable && { memorable: "1" }),
    ...(after !== null && { after }),
    ...(show !== undefined && { show: String(show) }),
  }).toString();
  return query === "" ? action : `${action}?${query}`;
}
