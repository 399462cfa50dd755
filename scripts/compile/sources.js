import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

// Plain JavaScript: scripts/run.js imports it before there is a build.

/** What the build is made from; a change in any of it calls for a new one. */
export const sources = [
  "app",
  "migrations",
  "package-lock.json",
  "package.json",
  "public",
  "remix.config.js",
  "scripts",
  "seeds",
  "tsconfig.json",
  "vite.config.ts",
];

const root = path.resolve(import.meta.dirname, "../..");

/** The file of a finished build that holds the hash of its sources. */
export const stampFile = path.join(root, "build/source-hash");

/** A hash of every source file's name and content. */
export function sourceHash() {
  const hash = createHash("sha256");
  for (const file of sources.flatMap(filesOf)) {
    const content = readFileSync(`${root}/${file}`);
    hash.update(`${file}\0${content.byteLength}\0`).update(content);
  }
  return hash.digest("hex");
}

/**
 * @param {string} name of a file or a folder
 * @returns {string[]} its files, in an order that is the same everywhere
 */
function filesOf(name) {
  const place = `${root}/${name}`;
  const stats = statSync(place, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats ? [name] : [];
  return readdirSync(place, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith("."))
    .flatMap((entry) => {
      const file = `${name}/${entry.name}`;
      return entry.isDirectory() ? filesOf(file) : [file];
    })
    .sort();
}

/**
 * Whether there is a build, and whether it matches the current sources. If the sources were left
 * behind, as in an image, the build is all there is to go by.
 * @returns {"current" | "outdated" | "missing"}
 */
export function buildState() {
  let built;
  try {
    built = readFileSync(stampFile, "utf8");
  } catch {
    return "missing";
  }
  if (!existsSync(path.join(root, "app"))) return "current";
  return built === sourceHash() ? "current" : "outdated";
}
