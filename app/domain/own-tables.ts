/**
 * What is kept about a company besides its own row, its calls and the audit trail: tables with its
 * id as `company_id`. They are deleted when it is erased, and are in its download, except for
 * columns that open something.
 */
export const ownTables = [
  { name: "company_sessions", without: ["id_hash"] },
  { name: "company_call_handling", without: [] },
  { name: "company_time_zones", without: [] },
  { name: "blocked_callers", without: [] },
  { name: "withheld_callers", without: [] },
  { name: "adopted_emails", without: [] },
  { name: "verified_emails", without: [] },
  { name: "email_changes", without: [] },
  { name: "recovery_codes", without: ["code_hash", "batch"] },
  { name: "account_links", without: ["token_hash", "code_hash"] },
  { name: "company_tokens", without: ["token_hash"] },
  { name: "idempotency_keys", without: ["request_hash"] },
  { name: "told_addresses", without: [] },
  { name: "told_links", without: ["token_hash"] },
  { name: "calls_to_tell", without: [] },
  { name: "mail_queue", without: ["once", "message_id"] },
] as const satisfies { name: string; without: readonly string[] }[];
