import { setTimeout } from "node:timers/promises";
import { reading } from "#app/db.server.ts";
import { whyNoWrites } from "#app/disk.server.ts";
import { servingEnds } from "#app/server/stopping.server.ts";
import { pendingMigrations } from "#app/migrate.server.ts";

/** Milliseconds. */
const longest = 2_000;

/**
 * Whether requests should be sent here; a 503 names what is wrong: `database`, `migrations`, `disk`
 * or `read-only`.
 */
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

async function missing(): Promise<"database" | "migrations" | "disk" | "read-only" | undefined> {
  return Promise.race([
    look().catch(() => "database" as const),
    setTimeout(longest, "database" as const, { ref: false }),
  ]);
}

async function look() {
  const pending = await pendingMigrations(reading());
  return pending.length > 0 ? "migrations" : whyNoWrites(reading());
}
