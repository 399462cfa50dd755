/** A serving process, forked by scripts/start/workers.ts: it runs what the server build exports. */
import type { ServerBuild } from "@remix-run/node";

interface ServingBuild extends ServerBuild {
  entry: { module: ServerBuild["entry"]["module"] & Serving };
}

interface Serving {
  serve(build: ServerBuild): void;
}

// Relative to build/scripts/start/, where this file's build is.
const { href } = new URL("../../server/index.js", import.meta.url);
const build = (await import(/* @vite-ignore */ href)) as ServingBuild;
build.entry.module.serve(build);
