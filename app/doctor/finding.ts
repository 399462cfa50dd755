/** Something wrong with an installation, for its operator. No part of it holds a secret. */
export interface Finding {
  /** for programs; it never changes */
  code: string;
  /** what is wrong, one sentence */
  finding: string;
  /** the command that fixes it, or else what to do; one line */
  mend: string;
}

/** One finding, as the list that an examination returns; one that finds nothing returns an empty list. */
export function found(code: string, finding: string, mend: string): Finding[] {
  return [{ code, finding, mend }];
}
