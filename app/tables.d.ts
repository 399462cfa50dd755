/**
 * The tables as Knex's queries see them: what a row holds, on either engine. A time is text,
 * `YYYY-MM-DD HH:MM:SS` in UTC; domain/times.ts reads what older programs left there. A column that
 * is missing here is another program's.
 */
import type { ClosedState } from "#app/domain/account-state.ts";
import type { LinkPurpose, LinkVia } from "#app/domain/account-links.server.ts";
import type { Actor, AuditEvent } from "#app/domain/audit.server.ts";
import type { CallMode } from "#app/domain/call-handling.server.ts";
import type { MailKind } from "#app/domain/mail-queue.server.ts";
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
  address: string | null;
  user_agent: string | null;
}

interface TimeZone {
  company_id: number;
  time_zone: string;
}

interface ClosedCompany {
  company_id: number;
  state: ClosedState;
  since: string;
}

interface RecordingToDelete {
  recording_sid: string;
  since: string;
  next_try_at: string;
  tries: number;
  failure: string | null;
}

interface Handling {
  company_id: number;
  greeting: string;
  mode: CallMode;
  target: string | null;
  ring_seconds: number;
  take_message_when_unanswered: boolean;
  language: string | null;
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
  heard_at: string | null;
  message_deleted_at: string | null;
  blocked: boolean;
  readonly outcome: string;
}

interface BlockedCallerRow {
  company_id: number;
  caller: string;
  blocked_at: string;
}

interface AdoptedEmail {
  email: string;
  written: string;
  company_id: number;
}

/** On PostgreSQL only; `expire` is milliseconds since 1970. */
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

interface LinkRow {
  token_hash: string;
  company_id: number;
  purpose: LinkPurpose;
  via: LinkVia;
  address: string;
  code_hash: string | null;
  expires_at: string;
}

interface QueuedMailRow {
  id: number;
  kind: MailKind;
  company_id: number | null;
  address: string;
  about: string | null;
  once: string | null;
  message_id: string;
  queued_at: string;
  next_try_at: string;
  tries: number;
  why: string | null;
  given_up_at: string | null;
}

interface NumberOnOffer {
  id: number;
  phone_number: string;
  entered_at: string;
  country: string | null;
  kind: string | null;
  memorable: boolean | null;
  /** on PostgreSQL only */
  shelf?: number;
}

interface CallsPerDay {
  company_id: number;
  day: string;
  calls: number;
  answered: number;
  message: number;
  missed: number;
}

interface PoolCount {
  what: "available" | "assigned" | "companies";
  country: string;
  kind: string;
  memorable: boolean;
  slot: number;
  n: number;
}

interface CompanyToken {
  id: number;
  company_id: number;
  name: string;
  scopes: string;
  token_hash: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

interface IdempotencyKey {
  company_id: number;
  key: string;
  request_hash: string;
  created_at: string;
  status: number | null;
  body: string | null;
}

declare module "knex/types/tables" {
  interface Tables {
    companies: Company;
    twilio_phone_numbers: PoolNumber;
    numbers_on_offer: NumberOnOffer;
    pool_counts: PoolCount;
    calls_per_day: CallsPerDay;
    company_sessions: Session;
    company_time_zones: TimeZone;
    closed_companies: ClosedCompany;
    recordings_to_delete: RecordingToDelete;
    company_tokens: CompanyToken;
    idempotency_keys: IdempotencyKey;
    company_call_handling: Handling;
    calls: CallRow;
    blocked_callers: BlockedCallerRow;
    told_addresses: {
      company_id: number;
      email: string;
      added_at: string;
      confirmed_at: string | null;
    };
    told_links: { token_hash: string; company_id: number; email: string; made_at: string };
    calls_to_tell: {
      call_sid: string;
      company_id: number;
      noted_at: string;
      told_at: string | null;
    };
    idle_told: { phone_number: string; told_at: string };
    gone_numbers: { phone_number: string; since: string };
    withheld_callers: { company_id: number; what: "message" | "refuse" };
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
    account_links: LinkRow;
    recovery_codes: {
      code_hash: string;
      company_id: number;
      batch: string;
      made_at: string;
      spent_at: string | null;
    };
    verified_emails: { company_id: number; email: string; verified_at: string };
    email_changes: { company_id: number; email: string; asked_at: string };
    mail_queue: QueuedMailRow;
    audit_kept: { id: number; since: string };
  }
}
