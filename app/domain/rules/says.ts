/**
 * What the database says when a write would break a rule. Its triggers raise these texts, and the
 * program recognises them.
 */
export const says = {
  entersAvailable: "a phone number enters the pool available",
  e164: "a phone number is kept in E.164: + and up to 15 digits",
  permanent: "an assigned phone number never changes",
  assignedInFull: "an assigned phone number has a company and a time, an available one neither",
  time: "a time is written in UTC, YYYY-MM-DD HH:MM:SS",
  noSuchCompany: "the company does not exist",
  companyHasNumber: "the company already has a phone number",
  throughThePool: "a company gets its phone number from the pool",
  companyPermanent: "a company keeps its phone number for ever",
  notTruncated: "assigned phone numbers are never deleted",
  auditKept: "the audit trail is only added to",
};

/** The start of SQLite's own message that a value already exists; the column follows. */
export const uniqueConstraintFailed = "UNIQUE constraint failed";

/** The columns that the rules of the audit trail need. */
export const auditColumns = ["audit_events.at", "audit_kept.since"];
