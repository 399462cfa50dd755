import { redirect, type LoaderFunctionArgs } from "@remix-run/node";
import { callsAddress } from "#app/components/calls-address.ts";
import { reading } from "#app/db.server.ts";
import type { CallFilter } from "#app/domain/call-filter.server.ts";
import { eachCall, type Call } from "#app/domain/calls.server.ts";
import { askedCalls } from "#app/http/asked-calls.server.ts";
import { csvLine } from "#app/http/csv.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { shownCaller } from "#app/http/shown-call.server.ts";
import { forStream, streamed } from "#app/http/streamed.server.ts";

/**
 * The calls that the page shows under the same filters, as CSV, newest first. Times are RFC 3339,
 * UTC; phone numbers have spaces, since a spreadsheet would turn `+353871112222` into 3.53E+11.
 */
export function loader(asked: LoaderFunctionArgs): Promise<Response> {
  return forStream(asked, async () => {
    const { id, timeZone } = await requireCompany(asked);
    const { filter, typed, errors } = askedCalls(new URL(asked.request.url).searchParams, timeZone);
    // The page says what is wrong with the filters.
    if (errors) throw redirect(callsAddress(typed));
    const day = new Date().toISOString().slice(0, 10);
    return streamed(
      asked,
      {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": `attachment; filename="calls-${day}.csv"`,
      },
      () => csvOf(id, filter),
    );
  });
}

const columns: [name: string, of: (call: Call) => string | number | null][] = [
  ["started_at", (call) => call.startedAt],
  ["caller", (call) => shownCaller(call.from)],
  ["called", (call) => shownCaller(call.to)],
  ["outcome", (call) => call.outcome],
  ["reason", (call) => call.reason],
  ["answered_at", (call) => call.answeredAt],
  ["ended_at", (call) => call.endedAt],
  ["seconds", (call) => call.seconds],
  ["message_seconds", (call) => call.recordingSeconds],
  ["call_sid", (call) => call.callSid],
];

/** Characters sent at a time. */
const chunkSize = 16 * 1024;

async function* csvOf(
  companyId: number,
  filter: CallFilter,
): AsyncGenerator<string, void, undefined> {
  let chunk = csvLine(columns.map(([name]) => name));
  for await (const call of eachCall(reading(), companyId, filter)) {
    chunk += csvLine(columns.map(([, of]) => of(call)));
    if (chunk.length > chunkSize) {
      yield chunk;
      chunk = "";
    }
  }
  yield chunk;
}
