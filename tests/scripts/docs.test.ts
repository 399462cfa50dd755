import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { closeDatabase } from "#app/db.server.ts";
import { environmentVariables, forgetEnvironment } from "#app/env.server.ts";
import { metricsText } from "#app/log/metrics.server.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { createMigratedDatabase } from "../support/databases.ts";
import { npmScripts } from "../support/npm-scripts.ts";

/** Docs that keep up with the program. */

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
    // What a message is filled in with varies.
    .map((message) => message.split("${")[0]?.replaceAll("`", "") ?? "");
  expect(messages).toEqual(expect.arrayContaining(["request failed", "sign-in", "request"]));
  expect(messages.filter((message) => !operations.includes(message))).toEqual([]);
});

test("the docs name only npm scripts that there are", () => {
  for (const file of [...docs, "README.md"]) {
    for (const [command, script] of read(file).matchAll(/\bnpm run\s+([a-z:]+)/g)) {
      expect(Object.keys(npmScripts), `${file}: ${command}`).toContain(script);
    }
  }
});

const anchorsOf = (file: string) =>
  [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    (heading ?? "")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

test("links within the docs lead somewhere", () => {
  for (const file of [...docs, "README.md"]) {
    for (const [, target = ""] of read(file).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [name = "", anchor] = target.split("#");
      const to = name === "" ? file : path.join(path.dirname(file), name);
      expect(existsSync(to), `${file}: ${target}`).toBe(true);
      if (anchor) expect(anchorsOf(to), `${file}: ${target}`).toContain(anchor);
    }
  }
});

test("docs/dependencies.md has every package that runs, and there are 24 at most", () => {
  const named = [...read("docs/dependencies.md").matchAll(/^\| `([^`]+)` /gm)].map(
    ([, name]) => name,
  );
  expect(named).toEqual(Object.keys(manifest.dependencies));
  expect(named.length).toBeLessThanOrEqual(24);
});
