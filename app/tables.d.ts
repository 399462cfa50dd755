/**
 * The tables as Knex's queries have them: what a row holds, on either engine. A time is text, `YYYY-MM-DD HH:MM:SS` in
 * UTC; what an older program left in it, domain/times.ts reads. A column that is not here is another program's.
 */
import type { Actor, AuditEvent } from "#app/domain/audit.server.ts";
import type { CallMode } from "#app/domain/call-handling.server.ts";
import type { DialResult } from "#app/domain/calls.server.ts";

interface Company {
  id: number;
  company_name: string;
  owner_name: string;
  email: string;
  password_hash: string;
  phone: string | null;
  twilio_phone_number: string | null;
  created_at: string | number | null;
  updated_at: string | number | null;
}

interface PoolNumber {
  id: number;
  phone_number: string;
  assigned_to_company_id: number | null;
  assigned_at: string | number | null;
  status: "available" | "assigned" | null;
  created_at: string | number | null;
}

interface Session {
  id_hash: string;
  company_id: number;
  created_at: string;
  last_seen_at: string;
  expires_at: string;
}

interface Handling {
  company_id: number;
  greeting: string;
  mode: CallMode;
  target: string | null;
  ring_seconds: number;
  take_message_when_unanswered: boolean;
}

interface CallRow {
  call_sid: string;
  from_number: string | null;
  to_number: string | null;
  company_id: number | null;
  route: CallMode | null;
  twilio_status: string;
  dial_result: DialResult | null;
  recording_url: string | null;
  recording_sid: string | null;
  recording_seconds: number | null;
  recording_absent: boolean;
  started_at: string;
  answered_at: string | null;
  ended_at: string | null;
  seconds: number | null;
  readonly outcome: string;
}

interface AdoptedEmail {
  email: string;
  written: string;
  company_id: number;
}

/** PostgreSQL alone has it; `expire` is milliseconds since 1970. */
interface RateLimit {
  key: string;
  points: number;
  expire: number | null;
}

interface AuditRow {
  id: number;
  at: string;
  event: AuditEvent;
  company_id: number | null;
  actor: Actor;
  address: string | null;
  request_id: string | null;
  details: string | null;
}

declare module "knex/types/tables" {
  interface Tables {
    companies: Company;
    twilio_phone_numbers: PoolNumber;
    company_sessions: Session;
    company_call_handling: Handling;
    calls: CallRow;
    adopted_emails: AdoptedEmail;
    rate_limits: RateLimit;
    assignment_budget: { id: number; open_until: string | null };
    recent_assignments: { network: string; assigned_at: string };
    audit_events: AuditRow;
    work_leases: {
      job: string;
      due_at: string;
      holder: string | null;
      held_until: string | null;
    };
    audit_kept: { id: number; since: string };
  }
}
