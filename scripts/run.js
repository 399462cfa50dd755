/**
 * `node scripts/run.js NAME …` runs scripts/NAME.ts: the build of it, if that matches the current
 * sources; otherwise the sources, with the development packages. Plain JavaScript, since production
 * has nothing else.
 */
import { existsSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { buildState } from "./compile/sources.js";
import { onNpmEnd } from "./start/npm.js";
import { prepare } from "./start/preparation.js";

/** The serving processes always run the build. */
const serving = ["start", "serve-remix"];

// For a Ctrl-C before the script has loaded and can say what it was doing.
process.on("SIGINT", () => {
  if (process.listenerCount("SIGINT") > 1) return;
  process.stderr.write("\nStopped before it began. Nothing was changed.\n");
  process.exit(130);
});

const [node = "", , name = "", ...args] = process.argv;
const source = path.join(import.meta.dirname, `${name}.ts`);
const built = path.join(import.meta.dirname, `../build/scripts/${name}.js`);
process.argv = [node, source, ...args];

const state = buildState();
if (!existsSync(source)) {
  process.stderr.write(`There is no script “${name}”.\n`);
  process.exitCode = 2;
} else if (state === "current") await run(built);
else if (["tsx", "@remix-run/dev"].every(isInstalled)) {
  if (serving.includes(name)) {
    await build();
    await run(built);
  } else {
    const { register } = await import("tsx/esm/api");
    register();
    await run(source);
  }
} else if (state === "outdated") {
  process.stderr.write(
    "The sources have changed since the build, and the development packages that would build again are not installed: using the build as it is.\n",
  );
  await run(built);
} else {
  process.stderr.write(
    "There is no build, and the development packages that would make one are not installed: run `npm ci && npm run build`.\n",
  );
  process.exitCode = 1;
}

/** @param {string} file */
async function run(file) {
  await import(pathToFileURL(file).href);
}

/** Prepares from the sources, which includes building; this process itself does not load tsx. */
async function build() {
  const forgetNpm = onNpmEnd(() => process.exit(143));
  await prepare(source, ["--import", "tsx"]);
  forgetNpm();
}

/** @param {string} name of a package */
function isInstalled(name) {
  try {
    return import.meta.resolve(name) !== "";
  } catch {
    return false;
  }
}
