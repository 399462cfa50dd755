/**
 * The address of a page of numbers that shows what a search found.
 * @param action the page's path
 * @param show how many numbers
 */
export function addressOf(action: string, search: string, show: number): string {
  const query = new URLSearchParams({
    ...(search !== "" && { search }),
    show: String(show),
  });
  return `${action}?${query.toString()}`;
}
