import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { closeDatabase } from "#app/db.server.ts";
import { callOutcomes } from "#app/domain/calls.server.ts";
import { environmentVariables, forgetEnvironment } from "#app/env.server.ts";
import { metricsText } from "#app/log/metrics.server.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { createMigratedDatabase } from "../support/databases.ts";
import { npmScripts } from "../support/npm-scripts.ts";

/** Checks that the docs keep up with the program. */

const read = (file: string) => readFileSync(file, "utf8");

const docs = readdirSync("docs", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".md"))
  .map((file) => path.join("docs", file));

test("docs/operations.md has every variable of the environment", () => {
  expect(environmentVariables.length).toBeGreaterThan(10);
  const table = read("docs/operations.md").split("## Environment")[1] ?? "";
  for (const name of environmentVariables) {
    expect(table, name).toMatch(new RegExp(`^\\| \`${name}\` `, "m"));
  }
});

test("docs/operations.md has every metric", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  process.env["DATABASE_URL"] = url;
  forgetEnvironment();
  cleanUpLater(async () => {
    await closeDatabase();
    process.env["DATABASE_URL"] = "";
    forgetEnvironment();
  });
  const { text } = await metricsText();
  const names = [...text.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name);
  expect(names).toContain("phone_numbers_low");
  const operations = read("docs/operations.md");
  for (const name of names) {
    if (/^(nodejs|process)_/.test(name ?? "")) continue;
    expect(operations, name).toMatch(new RegExp(`^\\| \`${name}\` `, "m"));
  }
});

test("docs/operations.md has every line of the log", () => {
  const operations = read("docs/operations.md").replaceAll("`", "");
  const sources = readdirSync("app", { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => read(path.join("app", file)));
  const messages = sources
    .flatMap((source) => [
      ...[...source.matchAll(/\blog(?:\.(?:info|warn|error|fatal)|\[level\])\(/g)]
        .map(({ index }) => source.slice(index, source.indexOf(");", index)))
        .map((call) => /(["`])((?:(?!\1)[^\\]|\\.)+)\1,?\s*$/.exec(call)?.[2] ?? ""),
      // app/log/events.server.ts
      ...[...source.matchAll(/\bwrite\(context, "([^"]+)"/g)].map(([, event]) => event ?? ""),
    ])
    // What is filled in varies.
    .map((message) => message.split("${")[0]?.replaceAll("`", "") ?? "");
  expect(messages).toEqual(expect.arrayContaining(["request failed", "sign-in", "request"]));
  expect(messages.filter((message) => !operations.includes(message))).toEqual([]);
});

test("the docs name only existing npm scripts", () => {
  for (const file of [...docs, "README.md"]) {
    for (const [command, script] of read(file).matchAll(/\bnpm run\s+([a-z:]+)/g)) {
      expect(Object.keys(npmScripts), `${file}: ${command}`).toContain(script);
    }
  }
});

/** The text between backticks in all documents. */
const named = (pattern: RegExp) =>
  [...docs, "README.md", "CONTRIBUTING.md"].flatMap((file) =>
    [...read(file).matchAll(/`([^`\n]+)`/g)].flatMap(([, code = ""]) =>
      [...code.matchAll(pattern)].map(([name]) => ({ file, name })),
    ),
  );

test("the docs name only existing files and folders", () => {
  const places = named(
    /^(api|app|bench|deploy|docs|migrations|public|scripts|seeds|tests)\/[^ *…]*$/g,
  );
  expect(places.length).toBeGreaterThan(90);
  expect(places.filter(({ name }) => !existsSync(name))).toEqual([]);
});

test("the docs name only variables that something reads", () => {
  const places = ["app", "bench", "deploy", "scripts", "tests"];
  const sources = places.flatMap((place) =>
    readdirSync(place, { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(ts|tsx|js|cfg|yml)$/.test(file) && !file.endsWith("docs.test.ts"))
      .map((file) => read(path.join(place, file))),
  );
  const words = new Set(sources.flatMap((source) => source.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? []));
  const variables = named(/(?<![\w/])[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\b/g);
  expect(variables.length).toBeGreaterThan(100);
  expect(variables.filter(({ name }) => !words.has(name))).toEqual([]);
});

test("the docs give commands only options that they have", () => {
  const given = named(/^npm run .*$/g).flatMap(({ file, name }) => {
    const [, script = ""] = /^npm run (?:-s )?([a-z:]+)/.exec(name) ?? [];
    const [, command] = /^node scripts\/run\.js (\S+)$/.exec(npmScripts[script] ?? "") ?? [];
    const options = [...name.matchAll(/\s--([a-z][a-z-]*)/g)].map(([, option = ""]) => option);
    return command ? options.map((option) => ({ file, command, option })) : [];
  });
  expect(given.length).toBeGreaterThan(10);
  const has = ({ command, option }: { command: string; option: string }) =>
    ["json", "help"].includes(option) ||
    new RegExp(`[ {]"?${option}"?: \\{`).test(read(`scripts/${command}.ts`));
  expect(given.filter((one) => !has(one))).toEqual([]);
});

test("docs/security.md names a test for each line, and each is there", () => {
  const table = read("docs/security.md").split("## What shows it")[1] ?? "";
  const lines = [...table.matchAll(/^\| (?!what |-|\*\*).*$/gm)].map(([line]) => line);
  expect(lines.length).toBeGreaterThan(60);
  const missing = lines.filter((line) => {
    const [, file = "", sentence = ""] = /`(tests\/[\w./-]+)`: “(.+)”/.exec(line) ?? [];
    if (!existsSync(file)) return true;
    const quoted = ['"', "'", "`"].map((mark) => mark + sentence + mark);
    return !quoted.some((title) => read(file).includes(title));
  });
  expect(missing).toEqual([]);
});

/**
 * GitHub's anchors for the headings of a Markdown file; of two equal ones the second gets a number.
 */
function anchorsOf(file: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutCode(read(file)).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = ""]) => {
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

// A # in a shell example is not a heading, and brackets in code are not a link.
const withoutCode = (markdown: string) => markdown.replaceAll(/^(```|~~~)[^]*?^\1/gm, "");

const everyMarkdown = [
  ...docs,
  ...readdirSync(".").filter((file) => file.endsWith(".md")),
  ...["app", "bench", "migrations", "scripts", "tests"].flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".md"))
      .map((file) => path.join(room, file)),
  ),
];

test("every link and anchor in the Markdown leads somewhere", () => {
  const dead: string[] = [];
  let links = 0;
  for (const file of everyMarkdown) {
    const text = withoutCode(read(file)).replaceAll(/`[^`\n]*`(?!\])/g, "");
    for (const [, inline, reference] of text.matchAll(
      /\]\(<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm,
    )) {
      const target = inline ?? reference ?? "";
      if (/^(https?|mailto|tel):/.test(target)) continue;
      links++;
      const [name = "", anchor] = decodeURI(target).split("#");
      const to = name === "" ? file : path.join(path.dirname(file), name);
      if (!existsSync(to)) dead.push(`${file}: ${target} is not there`);
      else if (anchor && !anchorsOf(to).includes(anchor))
        dead.push(`${file}: ${target} has no such heading`);
    }
  }
  expect(links).toBeGreaterThan(20);
  expect(dead).toEqual([]);
});

test("the sections of the docs that other files name are there", () => {
  const named = ["render.yaml", "Dockerfile", "compose.yaml", ".env.example", "vercel.json"]
    .flatMap((file) => [
      ...read(file).matchAll(/docs\/([\w-]+\.md)(?:#([\w-]+)|, [“"]([^”"]+)[”"])?/g),
    ])
    .map(([, file = "", anchor, heading]) => ({ file: path.join("docs", file), anchor, heading }));
  expect(named.length).toBeGreaterThan(0);
  for (const { file, anchor, heading } of named) {
    const text = read(file);
    if (anchor) expect(anchorsOf(file)).toContain(anchor);
    if (heading) expect(text).toMatch(new RegExp(`^#+ ${heading}$`, "m"));
  }
});

test("docs/dependencies.md has every runtime package, and there are at most 24", () => {
  const named = [...read("docs/dependencies.md").matchAll(/^\| `([^`]+)` /gm)].map(
    ([, name]) => name,
  );
  expect(named).toEqual(Object.keys(manifest.dependencies));
  expect(named.length).toBeLessThanOrEqual(24);
});

test("docs/operations.md has the cluster that is tested, word for word", () => {
  const operations = read("docs/operations.md");
  for (const file of ["patroni.yml", "haproxy.cfg"]) {
    expect(operations, file).toContain(`\n${read(`deploy/cluster/${file}`).trimEnd()}\n`);
  }
});

test.each(["README.md", "docs/api.md"])("%s has every outcome that a program may see", (file) => {
  const text = read(file);
  for (const outcome of callOutcomes.filter((one) => one !== "unmatched")) {
    expect(text).toContain(`\`${outcome}\``);
  }
});
