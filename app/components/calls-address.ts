/** The address of a page of calls, or of the export at another `path`. */
export function callsAddress(
  outcome: string | null | undefined,
  cursor?: string,
  path = "/calls",
): string {
  const query = new URLSearchParams({
    ...(outcome && { outcome }),
    ...(cursor !== undefined && { cursor }),
  }).toString();
  return query === "" ? path : `${path}?${query}`;
}
