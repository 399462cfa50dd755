import type { Knex } from "knex";
import { eachCall } from "#app/domain/calls.server.ts";
import { ownTables } from "#app/domain/own-tables.ts";
import { readTime, toDatabaseTime, toRfc3339 } from "#app/domain/times.ts";

/** Everything kept about a company except secrets: one JSON document, made a piece at a time. */

type Row = Record<string, unknown>;

/**
 * Secrets that an older program may have left in a company's row: its keys to other services, and
 * that program's links.
 */
const secretColumn = /password|secret|token$|api_key$|credentials/;
const timeColumn = /^(at|since)$|_(at|expires|login)$/;
const booleanColumns = ["take_message_when_unanswered", "recording_absent", "ai_enabled"];

/** A row as the document shows it: times in RFC 3339, and of a secret only that it exists. */
function shown(row: Row, without: readonly string[] = []): Row {
  const entries = Object.entries(row).filter(([name]) => !without.includes(name));
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (value === null) return [name, null];
      if (secretColumn.test(name)) return [name, "(kept, and not shown)"];
      if (booleanColumns.includes(name)) return [name, Boolean(value)];
      const isTime = timeColumn.test(name) && readTime(value) !== undefined;
      return [name, isTime ? toRfc3339(value as string | number) : value];
    }),
  );
}

/**
 * The document, in pieces: `company`, `phone_number`, a list for each of {@link ownTables},
 * `audit_events`, `calls`.
 * @param db reads only; calls and events are read a page at a time
 */
export async function* exportOf(
  db: Knex,
  companyId: number,
  now = new Date(),
): AsyncGenerator<string, void, undefined> {
  const company = await db("companies").where({ id: companyId }).first<Row | undefined>();
  const number = await db("twilio_phone_numbers")
    .where({ assigned_to_company_id: companyId })
    .first<Row | undefined>("phone_number", "assigned_at");
  const head = {
    exported_at: toRfc3339(toDatabaseTime(now)),
    company: company ? shown(company) : null,
    phone_number: number ? shown(number) : null,
  };
  yield JSON.stringify(head, null, 2).slice(0, -2);
  for (const { name, without } of ownTables) {
    const rows = await db<Row>(name).where({ company_id: companyId }).select("*");
    yield* list(
      name,
      rows.map((row) => shown(row as Row, ["company_id", ...without])),
    );
  }
  yield* list("audit_events", eachEvent(db, companyId));
  yield* list("calls", eachShownCall(db, companyId));
  yield "\n}\n";
}

async function* list(
  name: string,
  rows: Iterable<Row> | AsyncIterable<Row>,
): AsyncGenerator<string, void, undefined> {
  let piece = `,\n  ${JSON.stringify(name)}: [`;
  let separator = "\n    ";
  for await (const row of rows) {
    piece += separator + JSON.stringify(row);
    separator = ",\n    ";
    if (piece.length > 16 * 1024) {
      yield piece;
      piece = "";
    }
  }
  yield `${piece}${separator.startsWith(",") ? "\n  " : ""}]`;
}

async function* eachEvent(db: Knex, companyId: number): AsyncGenerator<Row, void, undefined> {
  let after = 0;
  for (;;) {
    const rows = await db("audit_events")
      .where({ company_id: companyId })
      .where("id", ">", after)
      .orderBy("id")
      .limit(500)
      .select("id", "at", "event", "actor", "address", "details");
    for (const { id, details, ...row } of rows) {
      yield shown({ ...row, details: details === null ? null : (JSON.parse(details) as unknown) });
      after = id;
    }
    if (rows.length === 0) return;
  }
}

async function* eachShownCall(db: Knex, companyId: number): AsyncGenerator<Row, void, undefined> {
  for await (const call of eachCall(db, companyId)) {
    yield {
      call_sid: call.callSid,
      from: call.from,
      to: call.to,
      outcome: call.outcome,
      reason: call.reason,
      started_at: call.startedAt,
      answered_at: call.answeredAt,
      ended_at: call.endedAt,
      seconds: call.seconds,
      message_seconds: call.recordingSeconds,
      message: call.message,
    };
  }
}
