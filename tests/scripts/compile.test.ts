import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { clearAbandoned, putInPlace } from "../../scripts/compile/in-place.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { scratchDirectory } from "../support/scratch.ts";

/** What `npm run build` leaves beside Remix's own build. */

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => path.join(folder, name))
    .filter((file) => statSync(file).isFile());

test("each file for browsers also has a smaller copy in brotli and in gzip", () => {
  const client = filesIn("build/client");
  const texts = client.filter((file) => /\.(js|css|svg|txt)$/.test(file));
  expect(texts.length).toBeGreaterThan(20);
  for (const file of texts) {
    const content = readFileSync(file);
    for (const [encoding, decode] of [
      ["br", brotliDecompressSync],
      ["gz", gunzipSync],
    ] as const) {
      const compressed = `${file}.${encoding}`;
      if (!existsSync(compressed)) {
        // A few lines may be shorter as they are.
        expect(content.byteLength, compressed).toBeLessThan(300);
        continue;
      }
      const bytes = readFileSync(compressed);
      expect(bytes.byteLength, compressed).toBeLessThan(content.byteLength);
      expect(decode(bytes).equals(content), compressed).toBe(true);
    }
  }
});

test("scripts and migrations are built at the same paths as their sources, and need neither tsx nor maps", () => {
  const built = ["app", "migrations", "scripts", "seeds"].flatMap((folder) =>
    filesIn(path.join("build", folder)),
  );
  for (const folder of ["scripts", "migrations", "seeds"]) {
    for (const file of readdirSync(folder)) {
      if (!file.endsWith(".ts")) continue;
      expect(built).toContain(path.join("build", folder, file.replace(/\.ts$/, ".js")));
    }
  }
  expect(built).toContain("build/app/db.server.js");
  expect(built.every((file) => file.endsWith(".js"))).toBe(true);
  for (const file of built) {
    expect(readFileSync(file, "utf8"), file).not.toMatch(/from "[^"]*(\.ts|tsx)"/);
  }
});

/** A folder with `files`. */
function folderOf(files: Record<string, string>): string {
  const scratch = scratchDirectory("build-");
  cleanUpLater(async () => scratch.remove());
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(scratch.path, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return scratch.path;
}

test("a build takes the whole place of the one before it, and leaves what is no part of one", () => {
  const place = folderOf({
    "app/a.js": "old",
    "app/gone.js": "old",
    "gone/b.js": "old",
    "source-hash": "old",
    ".lock": "held",
    ".unfinished-1/app/a.js": "another's",
    ".unfinished-99999999/app/a.js": "killed",
    ".unfinished-2/app/a.js": "new",
    ".unfinished-2/scripts/c.js": "new",
    ".unfinished-2/source-hash": "new",
  });
  clearAbandoned(place);
  putInPlace(path.join(place, ".unfinished-2"), place, "source-hash");
  const there = filesIn(place).map(
    (file) => `${path.relative(place, file)} ${readFileSync(file, "utf8")}`,
  );
  expect(there.sort()).toEqual([
    ".lock held",
    ".unfinished-1/app/a.js another's",
    "app/a.js new",
    "scripts/c.js new",
    "source-hash new",
  ]);
});
