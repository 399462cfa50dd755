import { setTimeout } from "node:timers/promises";
import { reading } from "#app/db.server.ts";
import { servingEnds } from "#app/server/stopping.server.ts";
import { pendingMigrations } from "#app/migrate.server.ts";

/** Milliseconds. */
const longest = 2_000;

/** Whether requests should be sent here: 503 names what is missing, `database` or `migrations`. */
export async function loader(): Promise<Response> {
  const failed = servingEnds.aborted ? "stopping" : await missing();
  return Response.json(failed ? { status: "unavailable", failed } : { status: "ok" }, {
    status: failed ? 503 : 200,
    headers: {
      "Cache-Control": "no-store",
      ...(failed && { "Retry-After": "2" }),
    },
  });
}

async function missing(): Promise<"database" | "migrations" | undefined> {
  const pending = await Promise.race([
    pendingMigrations(reading()).catch(() => undefined),
    setTimeout(longest, undefined, { ref: false }),
  ]);
  if (!pending) return "database";
  return pending.length > 0 ? "migrations" : undefined;
}
