import { mkdirSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Subject } from "./subjects.ts";

/** What each round measured of each subject. */
export interface Figure {
  name: string;
  unit: "ms" | "MB";
  rounds: Partial<Record<Subject["name"], number[]>>;
}

/** Collects figures, and prints each on stderr. */
export class Figures {
  readonly all: Figure[] = [];

  add(name: string, unit: Figure["unit"], of: Subject, value: number): void {
    let figure = this.all.find((each) => each.name === name);
    if (!figure) this.all.push((figure = { name, unit, rounds: {} }));
    (figure.rounds[of.name] ??= []).push(value);
    process.stderr.write(`${name}, ${of.name}: ${value.toFixed(3)} ${unit}\n`);
  }
}

/** Writes the figures, and what was measured, as JSON. */
export function save(file: string, figures: readonly Figure[], subjects: readonly Subject[]): void {
  const document = {
    at: new Date().toISOString(),
    node: process.version,
    machine: `${os.cpus()[0]?.model.trim()}, ${os.cpus().length} processors`,
    commits: Object.fromEntries(subjects.map(({ name, commit }) => [name, commit])),
    figures,
  };
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
}

/** A Markdown table: the lowest of the rounds, and its ratio to the other subjects'. */
export function tableOf(figures: readonly Figure[]): string {
  const others = (["peer", "baseline"] as const).filter((name) =>
    figures.some(({ rounds }) => rounds[name]),
  );
  const least = (figure: Figure, name: Subject["name"]) => Math.min(...(figure.rounds[name] ?? []));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const heading = ["CPU a request", "ours", ...others, ...others.map((name) => `ours ÷ ${name}`)];
  const rows = figures.map((figure) => {
    const amount = (value: number) =>
      Number.isFinite(value) ? `${value.toFixed(value < 10 ? 2 : 0)} ${figure.unit}` : "";
    const ours = least(figure, "ours");
    return [
      figure.name,
      amount(ours),
      ...others.map((name) => amount(least(figure, name))),
      ...others.map((name) => {
        const ratio = ours / least(figure, name);
        return ratio > 0 ? ratio.toFixed(2) : "";
      }),
    ];
  });
  const rule = heading.map((_, index) => (index === 0 ? "---" : "---:"));
  return [heading, rule, ...rows].map(line).join("");
}
