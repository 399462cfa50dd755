/** A process that serves, as scripts/start/workers.ts forks it: what it runs is the server build's own. */
import type { ServerBuild } from "@remix-run/node";

interface ServingBuild extends ServerBuild {
  entry: { module: ServerBuild["entry"]["module"] & Serving };
}

interface Serving {
  serve(build: ServerBuild): void;
}

// From build/scripts/start/, where this is built to.
const { href } = new URL("../../server/index.js", import.meta.url);
const build = (await import(/* @vite-ignore */ href)) as ServingBuild;
build.entry.module.serve(build);
