/** What the database says to whoever would break a rule: its triggers raise these texts, and they are recognised by them. */
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

/** How SQLite itself begins to say that a value is there already; the column follows. */
export const uniqueConstraintFailed = "UNIQUE constraint failed";

/** The columns that the rules of the audit trail need. */
export const auditColumns = ["audit_events.at", "audit_kept.since"];
