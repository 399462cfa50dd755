import type { Company } from "#app/domain/companies.server.ts";
import { environment } from "#app/env.server.ts";
import { signedIn } from "#app/http/session.server.ts";
import type { ShownCall } from "#app/http/shown-call.server.ts";
import { shownNumberOf } from "#app/http/shown-number.server.ts";
import { shownTime, type ShownTime } from "#app/http/shown-time.server.ts";
import type { Asked } from "#app/server/exchange.server.ts";

/** What a company needs to know if something is wrong with its number. */
export type NumberAlarm =
  /** no calls arrive, because the service no longer has the number */
  | { what: "gone"; since: ShownTime; support: string | null }
  /** nobody has called it for this many days, so that it may be taken back */
  | { what: "idle"; days: number };

const day = 24 * 60 * 60 * 1000;

/** @param recent the company's newest calls, newest first */
export async function numberAlarm(
  asked: Asked,
  company: Company,
  recent: readonly ShownCall[],
  now = new Date(),
): Promise<NumberAlarm | null> {
  const goneSince = (await signedIn(asked))?.numberGoneSince ?? null;
  const { IDLE_DAYS, SUPPORT_EMAIL } = environment();
  if (goneSince !== null) {
    const since = shownTime(goneSince, company.timeZone);
    return { what: "gone", since, support: SUPPORT_EMAIL ?? null };
  }
  if (company.assignedAt === null || shownNumberOf(company)?.demo) return null;
  const last = recent.find(({ blocked }) => !blocked)?.startedAt ?? company.assignedAt;
  const days = Math.floor((now.getTime() - Date.parse(last)) / day);
  return days >= IDLE_DAYS ? { what: "idle", days } : null;
}
