import type { Actor, By } from "#app/domain/audit.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";

/** Who is asking, for the audit trail. */
export function by({ context }: Pick<Asked, "context">, actor?: Actor): By {
  const { address, requestId, tokenId } = exchangeOf(context);
  const signedIn = tokenId === undefined ? "company" : (`token:${tokenId}` as const);
  return { actor: actor ?? signedIn, address, requestId };
}
