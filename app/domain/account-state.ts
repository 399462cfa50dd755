/** Whether people can sign in to a company's account; closed-companies.server.ts closes it. */
export type ClosedState = "frozen" | "erased";

/** SQL for how a company's account is closed, a {@link ClosedState}; null where it is open. */
export const closedState = (companyId: string) =>
  `(select state from closed_companies where company_id = ${companyId})`;

/** The email of a company that is erased: no form takes such a one, and the owner's may sign up again. */
export const erasedEmail = (companyId: number) => `erased-${companyId}@invalid`;
