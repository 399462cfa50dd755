import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { expect, test } from "vitest";

/** How much a browser loads for a page, according to the build. */

const assets = path.resolve("build/client/assets");
const manifestFile = readdirSync(assets).find((file) => file.startsWith("manifest-"))!;
const manifestText = readFileSync(path.join(assets, manifestFile), "utf8");

interface Entry {
  module: string;
  imports?: string[];
}

const manifest = JSON.parse(
  manifestText.slice(manifestText.indexOf("=") + 1).replace(/;\s*$/, ""),
) as { entry: Entry; routes: Record<string, Entry> };

/** The scripts that a page of these routes loads, including the manifest. */
function scriptsOf(...routes: string[]): string[] {
  const entries = [manifest.entry, ...routes.map((route) => manifest.routes[route]!)];
  const files = new Set([
    manifestFile,
    ...entries.flatMap(({ module, imports = [] }) =>
      [module, ...imports].map((file) => path.basename(file)),
    ),
  ]);
  for (const file of files) {
    const code = readFileSync(path.join(assets, file), "utf8");
    for (const [, imported] of code.matchAll(/(?:from|import)\s*"\.\/([\w.$-]+\.js)"/g)) {
      files.add(imported!);
    }
  }
  return [...files];
}

const packed = (file: string) =>
  brotliCompressSync(readFileSync(path.join(assets, file)), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11 },
  }).byteLength;

const modal = [
  "root",
  "routes/_app",
  "routes/_app.dashboard",
  "routes/_app.dashboard.choose-number",
];

// Thousands of bytes.
test.each([
  [80, ["root", "routes/signup"]],
  [86, modal],
  [86, ["root", "routes/_app", "routes/_app.calls"]],
  [86, ["root", "routes/_app", "routes/_app.settings.calls"]],
  [86, ["root", "routes/_app", "routes/_app.settings.security"]],
  [86, ["root", "routes/_app", "routes/_app.settings.tokens"]],
])("at most %i KB of scripts are loaded for %j", (most, routes) => {
  const bytes = scriptsOf(...routes).reduce((sum, file) => sum + packed(file), 0);
  expect(bytes).toBeGreaterThan(40_000);
  expect(bytes).toBeLessThan(most * 1_000);
});

test("the picker's scripts are 16 files at most", () => {
  expect(scriptsOf(...modal).length).toBeLessThanOrEqual(16);
});

test("there is one stylesheet, of 8 KB at most", () => {
  const sheets = readdirSync(assets).filter((file) => file.endsWith(".css"));
  expect(sheets).toHaveLength(1);
  expect(gzipSync(readFileSync(path.join(assets, sheets[0]!))).byteLength).toBeLessThan(8_000);
});
