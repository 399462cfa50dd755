import { useMatches } from "@remix-run/react";

/** Under what name the data of every private page says how many messages nobody has heard. */
export const unheardMessages = "unheardMessages";

/** How many messages nobody has heard, as the newest part of the page has it. */
export function useUnheardMessages(): number {
  const counts = useMatches().flatMap(({ data }) => {
    const count = (data as Record<string, unknown> | undefined)?.[unheardMessages];
    return typeof count === "number" ? [count] : [];
  });
  return counts.at(-1) ?? 0;
}
