import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import type { Plugin } from "vite";

/** What the build is made of; a change in any of it calls for another. */
const sources = [
  "app",
  "public",
  "package-lock.json",
  "remix.config.js",
  "tsconfig.json",
  "vite.config.ts",
];

const stampFile = "build/source-hash";
const unfinishedStamp = `${stampFile}.unfinished`;
const serverBuild = "build/server/index.js";

/** A hash of every source file's name and content. */
export function sourceHash(): string {
  const hash = createHash("sha256");
  for (const file of sources.flatMap(filesOf)) {
    const content = readFileSync(file);
    hash.update(`${file}\0${content.byteLength}\0`).update(content);
  }
  return hash.digest("hex");
}

function filesOf(name: string): string[] {
  if (!existsSync(name)) return [];
  if (statSync(name).isFile()) return [name];
  return readdirSync(name)
    .filter((entry) => !entry.startsWith("."))
    .sort()
    .flatMap((entry) => filesOf(path.posix.join(name, entry)));
}

/** Whether there is a build, and whether it is one of the sources as they are now. */
export function buildState(): "current" | "outdated" | "missing" {
  if (!existsSync(serverBuild)) return "missing";
  return existsSync(stampFile) && readFileSync(stampFile, "utf8") === sourceHash()
    ? "current"
    : "outdated";
}

/**
 * A Vite plugin that keeps, in `build/source-hash`, which sources a build was made of, however it was started.
 * Remix builds the client first and the server second.
 */
export function stampBuild(): Plugin {
  let server = false;
  return {
    name: "stamp-build",
    apply: "build",
    configResolved(config) {
      server = Boolean(config.build.ssr);
    },
    buildStart() {
      if (server) return;
      mkdirSync(path.dirname(stampFile), { recursive: true });
      rmSync(stampFile, { force: true });
      // Before anything is read, so that what changes during the build is seen as a change.
      writeFileSync(unfinishedStamp, sourceHash());
    },
    closeBundle(error?: Error) {
      if (server && !error) renameSync(unfinishedStamp, stampFile);
    },
  };
}
