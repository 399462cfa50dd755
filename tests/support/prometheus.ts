/** A sample of Prometheus's text format. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const sampleLine =
  /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?(?:\d[\d.]*(?:e[+-]?\d+)?|Inf)|NaN)$/;

/**
 * Reads Prometheus's text format 0.0.4 (its documentation, "Exposition formats").
 * @throws on a line that is neither a comment nor a sample, and on a sample of no known type
 */
export function parsePrometheus(text: string): Sample[] {
  if (!text.endsWith("\n")) throw new Error("The last line has no end");
  const types = new Set<string>();
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    if (line.startsWith("#")) {
      const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line);
      if (type?.[1]) {
        if (types.has(type[1])) throw new Error(`Twice: ${line}`);
        types.add(type[1]);
      } else if (!/^# HELP \S+ ./.test(line)) {
        throw new Error(`Not a comment: ${line}`);
      }
      continue;
    }
    const [, name = "", labels = "", value = ""] = sampleLine.exec(line) ?? [];
    if (name === "") throw new Error(`Not a sample: ${line}`);
    const family = name.replace(/_(bucket|sum|count)$/, "");
    if (!types.has(name) && !types.has(family)) {
      throw new Error(`Of no type: ${line}`);
    }
    samples.push({
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = "", text = ""]) => [
          label,
          text,
        ]),
      ),
      value: Number(value.replace("Inf", "Infinity")),
    });
  }
  return samples;
}

/** The sum of the samples of `name` that have all of `labels`; undefined if there are none. */
export function valueOf(
  samples: readonly Sample[],
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const found = samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  );
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}
