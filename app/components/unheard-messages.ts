import { useMatches } from "@remix-run/react";
import type { AroundPage } from "#app/http/page.server.ts";

/**
 * How many messages nobody has heard, from the innermost route's data, which is never older than
 * the others'.
 */
export function useUnheardMessages(): number {
  const counts = useMatches().flatMap(
    ({ data }) => (data as Partial<AroundPage> | undefined)?.unheardMessages ?? [],
  );
  return counts.at(-1) ?? 0;
}
