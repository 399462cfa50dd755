/** Something that is wrong with an installation, for its operator. No part of it holds a secret. */
export interface Finding {
  /** for programs; it never changes */
  code: string;
  /** what is wrong, one sentence */
  finding: string;
  /** the command that mends it, or what to do where there is none; one line */
  mend: string;
}
