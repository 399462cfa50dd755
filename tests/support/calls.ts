import { randomBytes } from "node:crypto";
import type { Knex } from "knex";
import type { CallMode } from "#app/domain/call-handling.server.ts";
import type { DayOfCalls } from "#app/domain/calls-per-day.server.ts";
import {
  listCalls,
  type Call,
  type CallOutcome,
  type DialResult,
} from "#app/domain/calls.server.ts";
import {
  recordCallStatus,
  recordDialResult,
  recordIncomingCall,
  recordRecording,
} from "#app/domain/call-events.server.ts";
import { overviewOf } from "#app/domain/overview.server.ts";

/** The caller. */
export const from = "+353871112222";

export function newCallSid(): string {
  return `CA${randomBytes(16).toString("hex")}`;
}

/** The company's newest calls, newest first. */
export async function recentCalls(db: Knex, companyId: number, count: number): Promise<Call[]> {
  const page = await listCalls(db, companyId, { limit: count });
  return page.ok ? page.calls : [];
}

/** How many calls the company had on each of the last `days` days of a zone, today last. */
export async function callsPerDay(
  db: Knex,
  companyId: number,
  days: number,
  timeZone = "UTC",
  now = new Date(),
): Promise<DayOfCalls[]> {
  return (await overviewOf(db, companyId, { calls: 1, days, timeZone, now }))!.days;
}

/** So many seconds after 22 November 2026, 10:00:00 UTC. */
export function secondsIn(seconds: number): Date {
  return new Date(Date.UTC(2026, 10, 22, 10, 0, seconds));
}

/** How a call goes, and what its company should be told. */
export interface Scenario {
  name: string;
  route: CallMode;
  dial?: DialResult;
  message?: boolean;
  status?: string;
  outcome: CallOutcome;
  reason: string;
}

export const scenarios: readonly Scenario[] = [
  {
    name: "somebody picks up",
    route: "phone",
    dial: "answered",
    outcome: "answered",
    reason: "Somebody answered.",
  },
  {
    name: "the voice agent picks up",
    route: "stream",
    dial: "answered",
    outcome: "answered",
    reason: "The voice agent answered.",
  },
  {
    name: "nobody picks up",
    route: "phone",
    dial: "no-answer",
    outcome: "missed",
    reason: "Nobody answered.",
  },
  {
    name: "the caller hangs up early",
    route: "sip",
    dial: "canceled",
    outcome: "missed",
    reason: "The caller hung up before anybody answered.",
  },
  {
    name: "the caller hangs up before anything rings",
    route: "phone",
    status: "no-answer",
    outcome: "missed",
    reason: "The caller hung up before anybody answered.",
  },
  {
    name: "the line is busy",
    route: "phone",
    dial: "busy",
    outcome: "busy",
    reason: "The line was busy.",
  },
  {
    name: "the SIP address is wrong",
    route: "sip",
    dial: "failed",
    outcome: "failed",
    reason: "The SIP address could not be reached.",
  },
  {
    name: "the voice agent is down",
    route: "stream",
    dial: "failed",
    outcome: "failed",
    reason: "The voice agent could not be reached.",
  },
  {
    name: "the network fails",
    route: "phone",
    status: "failed",
    outcome: "failed",
    reason: "The telephone network could not connect the call.",
  },
  {
    name: "a message",
    route: "message",
    message: true,
    outcome: "message",
    reason: "The caller left a message.",
  },
  {
    name: "no message",
    route: "message",
    outcome: "missed",
    reason: "The caller left no message.",
  },
  {
    name: "nobody picks up, and a message",
    route: "phone",
    dial: "no-answer",
    message: true,
    outcome: "message",
    reason: "Nobody answered, and the caller left a message.",
  },
  {
    name: "busy, and a message",
    route: "phone",
    dial: "busy",
    message: true,
    outcome: "message",
    reason: "The line was busy, and the caller left a message.",
  },
  {
    name: "the phone is off, and a message",
    route: "phone",
    dial: "failed",
    message: true,
    outcome: "message",
    reason: "The phone could not be reached, and the caller left a message.",
  },
];

/**
 * What Twilio reports about a call, in order.
 * @param of `at` gives the time so many seconds after the call began
 */
export function callsOf(
  { route, dial, message, status = "completed" }: Scenario,
  of: {
    callSid: string;
    company: number;
    to: string;
    caller?: string;
    at?: (seconds: number) => Date;
  },
): ((db: Knex) => Promise<unknown>)[] {
  const { callSid, company, to, caller = from, at = secondsIn } = of;
  const event = { callSid, from: caller, to };
  const sid = `RE${"e".repeat(32)}`;
  return [
    (db) =>
      recordIncomingCall(
        db,
        { ...event, status: "ringing", at: at(0) },
        { companyId: company, route },
      ),
    (db) =>
      recordCallStatus(db, {
        ...event,
        status: "in-progress",
        at: at(1),
      }),
    ...(dial
      ? [
          (db: Knex) =>
            recordDialResult(
              db,
              { ...event, status: "in-progress", at: at(30) },
              dial,
              dial === "answered" ? 20 : 0,
            ),
        ]
      : []),
    ...(message
      ? [
          (db: Knex) =>
            recordRecording(
              db,
              { ...event, status: "in-progress", at: at(40) },
              { sid, seconds: 8 },
            ),
          // This callback does not say who called.
          (db: Knex) => recordRecording(db, { callSid, to, at: at(43) }, { sid, seconds: 7 }),
        ]
      : []),
    (db) => recordCallStatus(db, { ...event, status, at: at(41) }, 41),
  ];
}
