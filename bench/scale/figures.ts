import { engineNames, type Engine } from "./engines.ts";

/** One figure, by engine and size of the pool. */
export interface Grown {
  name: string;
  unit: "ms" | "s" | "MB" | "bytes" | "×";
  /** whether its growth from the smallest pool is what is bounded; otherwise the bound is `most` */
  isRatio: boolean;
  most?: number;
  /** all rounds */
  values: Partial<Record<Engine, Record<number, number[]>>>;
}

/** How many times as long a request may take with the largest pool as with the smallest. */
const mostGrowth: Record<Engine, number> = { postgres: 1.25, sqlite: 1.5 };

/** Collects figures, and prints each on stderr. */
export class GrowthFigures {
  readonly all: Grown[] = [];

  add(
    { name, unit, isRatio = false, most }: Pick<Grown, "name" | "unit"> & Partial<Grown>,
    engine: Engine,
    size: number,
    value: number,
  ): void {
    let figure = this.all.find((one) => one.name === name && one.unit === unit);
    if (!figure) {
      figure = { name, unit, isRatio, values: {}, ...(most !== undefined && { most }) };
      this.all.push(figure);
    }
    ((figure.values[engine] ??= {})[size] ??= []).push(value);
    process.stderr.write(`${name}, ${engine}, ${size}: ${value.toFixed(2)} ${unit}\n`);
  }
}

const least = (figure: Grown, engine: Engine, size: number) => {
  const rounds = figure.values[engine]?.[size];
  return rounds && Math.min(...rounds);
};

const shown = (value: number | undefined) =>
  value === undefined ? "" : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);

/**
 * A Markdown table: the lowest of the rounds and, for requests, the growth from the smallest pool
 * to the largest.
 */
export function growthTable(figures: readonly Grown[], sizes: readonly number[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const engines = Object.keys(engineNames) as Engine[];
  const heading = [
    "",
    ...engines.flatMap((engine) => [
      ...sizes.map((size) => `${engineNames[engine]}, ${size.toLocaleString("en")}`),
      "growth",
    ]),
  ];
  const rows = figures.map((figure) => [
    `${figure.name}, ${figure.unit}`,
    ...engines.flatMap((engine) => {
      const values = sizes.map((size) => least(figure, engine, size));
      return [...values.map(shown), shown(growth(figure, engine, sizes))];
    }),
  ]);
  const rule = heading.map((_, index) => (index === 0 ? "---" : "---:"));
  return [heading, rule, ...rows].map(line).join("");
}

function growth(figure: Grown, engine: Engine, sizes: readonly number[]): number | undefined {
  const [first, last] = [least(figure, engine, sizes[0]!), least(figure, engine, sizes.at(-1)!)];
  return first && last && figure.isRatio && sizes.length > 1 ? last / first : undefined;
}

/** A line for each bound, saying whether it holds. */
export function bounds(figures: readonly Grown[], sizes: readonly number[]): string {
  const lines = figures.flatMap((figure) =>
    (Object.keys(engineNames) as Engine[]).flatMap((engine) => {
      const value = figure.isRatio
        ? growth(figure, engine, sizes)
        : least(figure, engine, sizes.at(-1)!);
      const most = figure.isRatio ? mostGrowth[engine] : figure.most;
      if (value === undefined || most === undefined) return [];
      const what = `${figure.name}, ${engineNames[engine]}: ${shown(value)} ${figure.isRatio ? "times" : figure.unit}`;
      return [{ holds: value <= most, text: `${what}, at most ${most}` }];
    }),
  );
  const broken = lines.filter(({ holds }) => !holds);
  return [
    `${lines.length - broken.length} of ${lines.length} bounds hold.`,
    ...broken.map(({ text }) => `Does not hold: ${text}.`),
    "",
  ].join("\n");
}
