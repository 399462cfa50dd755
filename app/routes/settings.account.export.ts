import type { LoaderFunctionArgs } from "@remix-run/node";
import { database, reading } from "#app/db.server.ts";
import { recordEvent } from "#app/domain/audit.server.ts";
import { exportOf } from "#app/domain/export.server.ts";
import { by } from "#app/http/by.server.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { forStream, streamed } from "#app/http/streamed.server.ts";

/** Everything kept about the signed-in company, as one JSON document. */
export function loader(asked: LoaderFunctionArgs): Promise<Response> {
  return forStream(asked, async () => {
    const { id } = await requireCompany(asked);
    const answer = streamed(
      asked,
      {
        "Content-Type": "application/json; charset=utf-8",
        "Content-Disposition": `attachment; filename="account-${new Date().toISOString().slice(0, 10)}.json"`,
      },
      () => exportOf(reading(), id),
    );
    const isSent = answer.ok && asked.request.method === "GET";
    if (isSent) {
      await recordEvent(database(), { event: "account-exported", companyId: id, ...by(asked) });
    }
    return answer;
  });
}
