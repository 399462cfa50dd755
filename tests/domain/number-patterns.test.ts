import { expect, test } from "vitest";
import { digitSearch, type NumberFilter } from "#app/domain/number-patterns.ts";

/** The index words of a filter, the lists of which a number has one in brackets. */
const wordsOf = (filter: NumberFilter) =>
  digitSearch(filter).words.map(({ all, any, common }) =>
    [...all, ...[...any, ...common].map((list) => `(${list.join(" ")})`)].join(" "),
  );

test.each<[NumberFilter, string[]]>([
  [{ contains: "353" }, ["(353 3'53 35'3 353')"]],
  [{ contains: "353", country: "IE" }, ["(353 3'53 353')"]],
  [{ contains: "353", country: "US" }, ["353"]],
  [{ contains: "121", country: "US" }, ["(121 1'21)"]],
  [{ contains: "447", country: "GB" }, ["(447 4'47 44'7)"]],
  [{ contains: "45", country: "US" }, ["(045 145 1'45 245 345 445 545 645 745 845 945)"]],
  [{ starts: "353" }, ["+35 353'"]],
  [{ starts: "3538" }, ["+35 353' 53'8"]],
  [{ starts: "447" }, ["+44 44'7"]],
  [{ starts: "1212" }, ["+12 1'21 212"]],
  [{ search: "086" }, ["(086 0'86 08'6 086')", "p86", "q86"]],
  [{ search: "086", country: "US" }, ["086", "p86", "q86"]],
  // Of the words that few numbers have, two are enough.
  [{ contains: "4930999", country: "IE" }, ["930 999"]],
  [{ starts: "353861", ends: "4321" }, ["861 432 21$"]],
  // Digits that may be in a calling code, or just after it, are no reason to leave words out.
  [{ contains: "5387", starts: "358" }, ["+35 358' (538 5'38 53'8) (387 3'87 38'7)"]],
  [{ contains: "77777" }, ["rr7"]],
  [{ contains: "7777770" }, ["ss7 770"]],
  [{ contains: "12555555", ends: "0000" }, ["ss5 rr0 00$"]],
])("%j is looked for by %j", (filter, words) => {
  expect(wordsOf(filter)).toEqual(words);
  expect(digitSearch(filter).isVain).toBe(false);
});

test.each<NumberFilter>([
  { starts: "44", country: "IE" },
  { starts: "351", country: "IE" },
  { search: "+1", country: "GB" },
])("%j is in vain: no number of the country begins that way", (filter) => {
  expect(digitSearch(filter)).toMatchObject({ isVain: true, words: [] });
});

test.each<NumberFilter>([
  { starts: "3", country: "IE" },
  { starts: "353861", country: "IE" },
  // The digits may also be somewhere in the number.
  { search: "0044", country: "IE" },
  { starts: "44" },
  { starts: "44", country: "nowhere" },
])("%j is not", (filter) => {
  expect(digitSearch(filter).isVain).toBe(false);
});
