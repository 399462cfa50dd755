import { existsSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { cases, type Case } from "./cases.ts";

const caseNames = cases.map(({ name }) => name).join(", ");
export const help = `What a request costs: the processor time of all the server's processes, beside a peer (Fastify and pg alone) and
another checkout, in alternating rounds, of which the least counts. Prints a table and writes JSON.

Examples
  npm run bench
      this checkout beside the peer
  npm run bench -- --baseline ../before
      and beside another checkout, which has its own node_modules
  npm run bench -- --case current --case picker --rounds 9
      only these, and more rounds
  npm run bench -- --profile picker
      where this checkout spends its time on a case, by package
  npm run bench -- --flood
      how long others wait while 200 sign in at once
  npm run bench -- --scale
      what grows with the pool: 1,000, 100,000 and 1,000,000 numbers on both engines, a quarter of an hour

Options
  --baseline DIR   another checkout of this program
  --case NAME      only this one, and no starts: ${caseNames}
  --rounds N       3 to 100 (5)
  --requests N     a round, 40 to 100,000, instead of each case's own number
  --json FILE      where the figures go (build/bench.json)
  --profile NAME   profiles this case, and measures nothing
  --flood          measures how long answers take in a flood of sign-ins, and nothing else
  --scale          measures requests and commands beside each other by the size of the pool, and nothing else
  --sizes LIST     of the pools for --scale, 1,000 to 5,000,000 (1000,100000,1000000)
  --help           show this

Needs Linux. TEST_DATABASE_URL may name a PostgreSQL server; without it, one is started.
`;

/** A wrong command line: exit code 2, and one line. */
export class UsageError extends Error {}

export interface Options {
  baseline: string | undefined;
  /** whether to measure starts too */
  starts: boolean;
  chosen: Case[];
  rounds: number;
  json: string;
  profiled: Case | undefined;
  flood: boolean;
  scale: boolean;
  /** numbers in the pools of `scale`, fewest first */
  sizes: number[];
  /** per round of `scale` */
  requests: number;
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= min && number <= max) return number;
  throw new UsageError(`--${option} must be a whole number from ${min} to ${max}.`);
}

/**
 * Reads the command line.
 * @throws {UsageError}
 */
export function readOptions(): Options | "help" {
  const { values } = (() => {
    try {
      return parseArgs({
        options: {
          baseline: { type: "string" },
          case: { type: "string", multiple: true },
          rounds: { type: "string", default: "5" },
          requests: { type: "string" },
          json: { type: "string", default: "build/bench.json" },
          profile: { type: "string" },
          flood: { type: "boolean", default: false },
          scale: { type: "boolean", default: false },
          sizes: { type: "string", default: "1000,100000,1000000" },
          help: { type: "boolean" },
        },
      });
    } catch (error) {
      throw new UsageError((error as Error).message);
    }
  })();
  if (values.help) return "help";
  const { baseline, json } = values;
  if (baseline && !existsSync(path.join(baseline, "package.json"))) {
    throw new UsageError(`--baseline: ${baseline} is no checkout.`);
  }
  const amount =
    values.requests === undefined
      ? undefined
      : wholeNumber("requests", values.requests, 40, 100_000);
  const named = (name: string): Case => {
    const found = cases.find((each) => each.name === name);
    if (!found) {
      throw new UsageError(`“${name}” is no case: choose from ${caseNames}.`);
    }
    return { ...found, amount: amount ?? found.amount };
  };
  return {
    baseline,
    starts: values.case === undefined,
    chosen: (values.case ?? cases.map(({ name }) => name)).map(named),
    rounds: wholeNumber("rounds", values.rounds, 3, 100),
    json,
    profiled: values.profile === undefined ? undefined : named(values.profile),
    flood: values.flood,
    scale: values.scale,
    requests: amount ?? 40,
    sizes: values.sizes
      .split(",")
      .map((text) => wholeNumber("sizes", text, 1_000, 5_000_000))
      .sort((a, b) => a - b),
  };
}
