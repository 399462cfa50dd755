/** Something wrong with an installation, for its operator. No part of it holds a secret. */
export interface Finding {
  /** for programs; it never changes */
  code: string;
  /** what is wrong, one sentence */
  finding: string;
  /** the command that fixes it, or else what to do; one line */
  mend: string;
}

/**
 * One finding, as the list that an examination returns; one that finds nothing returns an empty
 * list.
 */
export function found(code: string, finding: string, mend: string): Finding[] {
  return [{ code, finding, mend }];
}

/**
 * The most findings listed of one code: nobody reads more, and a million do not belong in memory.
 */
const mostOfACode = 1_000;

/** Collects findings, of which there may be a great many. */
export function collectFindings() {
  const told: Finding[] = [];
  const counts = new Map<string, number>();
  return {
    add(findings: readonly Finding[]): void {
      for (const one of findings) {
        const count = (counts.get(one.code) ?? 0) + 1;
        counts.set(one.code, count);
        if (count <= mostOfACode) told.push(one);
      }
    },
    /** Those that were added and, for a code with too many, how many more there are. */
    all(): Finding[] {
      const more = [...counts].flatMap(([code, count]) => {
        const rest = count - mostOfACode;
        if (rest <= 0) return [];
        return found(
          code,
          `There ${rest === 1 ? "is one more finding" : `are ${rest} more findings`} like these (${code}).`,
          "do what stands above; “npm run doctor” names the next then",
        );
      });
      return [...told, ...more];
    },
  };
}
