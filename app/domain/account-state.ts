/** Whether people can sign in to a company's account; closed-companies.server.ts closes it. */
export type ClosedState = "frozen" | "erased";

/** SQL for how a company's account is closed, a {@link ClosedState}; null if it is open. */
export const closedState = (companyId: string) =>
  `(select state from closed_companies where company_id = ${companyId})`;

/**
 * The email of an erased company: no form accepts one like it, and the owner's own may sign up
 * again.
 */
export const erasedEmail = (companyId: number) => `erased-${companyId}@invalid`;
