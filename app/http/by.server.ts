import type { Actor, By } from "#app/domain/audit.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";

/** Who asks for something, for the audit trail. */
export function by({ context }: Pick<Asked, "context">, actor: Actor = "company"): By {
  const { address, requestId } = exchangeOf(context);
  return { actor, address, requestId };
}
