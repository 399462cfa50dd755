import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { build, type Plugin } from "vite";
import { clearAbandoned, putInPlace, unfinishedBuild } from "./in-place.ts";
import { sourceHash, stampFile } from "./sources.js";

/**
 * Packages of which the used parts are built in: whole, they take longer to load than the program
 * itself.
 */
const builtIn = ["zod", "libphonenumber-js"];

const stamp = path.basename(stampFile);

/**
 * A Vite plugin that adds to Remix's build what it lacks: the built-in packages, its final place,
 * and in `source-hash` a hash of the sources. Remix builds the client first and the server second.
 */
export function wholeBuild(): Plugin {
  let server = false;
  return {
    name: "whole-build",
    apply: "build",
    config: () => ({ ssr: { noExternal: builtIn } }),
    onLog,
    configResolved(config) {
      server = Boolean(config.build.ssr);
    },
    buildStart() {
      if (server) return;
      mkdirSync(unfinishedBuild, { recursive: true });
      clearAbandoned("build");
      // Before anything is read, so that changes during the build are noticed.
      writeFileSync(path.join(unfinishedBuild, stamp), sourceHash());
    },
    // The server knows where the client's files will be.
    renderChunk: (code) =>
      code.includes(unfinishedBuild) ? code.replaceAll(unfinishedBuild, "build") : null,
  };
}

/**
 * Completes Remix's build, however it was started: compiles what runs in a terminal, compresses the
 * client's files, and puts the whole in place.
 */
export async function finishBuild(): Promise<void> {
  await compilePrograms();
  await compressFiles(path.join(unfinishedBuild, "client"));
  putInPlace(unfinishedBuild, "build", stamp);
}

// Ignores warnings about comments in packages.
function onLog(_level: string, { code }: { code?: string }): false | void {
  if (code === "INVALID_ANNOTATION") return false;
}

/**
 * Compiles the scripts, what they start, the migrations and the seeds. Each module stays a separate
 * file, at the same place below `build/`, so that shared code exists once, and relative paths lead
 * to the same places as in the sources.
 */
async function compilePrograms(): Promise<void> {
  await build({
    configFile: false,
    logLevel: "warn",
    plugins: [{ name: "whole-build-log", onLog }],
    ssr: { external: true, noExternal: builtIn },
    build: {
      ssr: true,
      target: "node20",
      outDir: unfinishedBuild,
      emptyOutDir: false,
      copyPublicDir: false,
      rollupOptions: {
        input: [
          ...["scripts", "migrations", "seeds"].flatMap(modulesOf),
          "scripts/start/prepare.ts",
          "scripts/start/worker.ts",
        ],
        output: {
          preserveModules: true,
          preserveModulesRoot: process.cwd(),
          entryFileNames: ({ name }) => `${name.replace(/^.*node_modules\//, "packages/")}.js`,
        },
      },
    },
  });
}

function modulesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".ts"))
    .map((file) => path.join(folder, file));
}

const compressible = /\.(css|html|js|json|map|svg|txt|webmanifest|xml)$/;
const { BROTLI_PARAM_MODE, BROTLI_MODE_TEXT, BROTLI_PARAM_SIZE_HINT } = zlib.constants;
const brotli = promisify(zlib.brotliCompress);
const gzip = promisify(zlib.gzip);

/** Writes `FILE.br` and `FILE.gz` beside each file that they are smaller than. */
async function compressFiles(folder: string): Promise<void> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => compressible.test(name))
    .map((name) => path.join(folder, name));
  await Promise.all(
    files.map(async (file) => {
      const content = readFileSync(file);
      const smaller = {
        br: await brotli(content, {
          params: {
            [BROTLI_PARAM_MODE]: BROTLI_MODE_TEXT,
            [BROTLI_PARAM_SIZE_HINT]: content.length,
          },
        }),
        gz: await gzip(content, { level: zlib.constants.Z_BEST_COMPRESSION }),
      };
      for (const [encoding, bytes] of Object.entries(smaller)) {
        if (bytes.length < content.length) {
          writeFileSync(`${file}.${encoding}`, bytes);
        }
      }
    }),
  );
}
