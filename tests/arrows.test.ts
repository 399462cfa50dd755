import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

/**
 * Which rooms of app/ a room may import from; `foundation` is the files in app/ itself: db, env,
 * migrate.
 */
const below: Record<string, readonly string[]> = {
  routes: ["components", "images", "http", "twilio", "domain", "log", "server", "foundation"],
  components: [],
  images: [],
  http: ["domain", "log", "server", "foundation"],
  twilio: ["http", "domain", "log", "server", "foundation"],
  doctor: ["twilio", "domain", "foundation"],
  mail: ["foundation"],
  work: ["mail", "twilio", "domain", "log", "foundation"],
  server: ["log", "foundation"],
  log: ["domain", "server", "foundation"],
  domain: ["foundation"],
  foundation: [],
};

/** The files that Remix looks for in app/ itself, which use all the rooms. */
const shell = ["root.tsx", "entry.client.tsx", "entry.server.tsx"];

const sources = readdirSync("app", { recursive: true, encoding: "utf8" }).filter(
  (file) => /\.tsx?$/.test(file) && !shell.includes(file),
);

const roomOf = (file: string) => (file.includes("/") ? file.split("/")[0]! : "foundation");

test.each(sources)("app/%s imports nothing from above", (file) => {
  const source = readFileSync(path.join("app", file), "utf8");
  const room = roomOf(file);
  // Types do not exist at run time; pages may know the types of whatever is sent to them.
  const imports = [...source.matchAll(/^(?:import|export) (?!type )[^;]*?"#app\/([^"]+)";/gms)]
    .map(([, imported]) => imported!)
    .filter((imported) => roomOf(imported) !== room);
  const allowed = below[room];
  expect(allowed, `the room ${room}`).toBeDefined();
  expect(imports.filter((imported) => !allowed!.includes(roomOf(imported)))).toEqual([]);
});

test("the check sees imports", () => {
  expect(sources.length).toBeGreaterThan(100);
  const listener = readFileSync("app/server/listener.server.ts", "utf8");
  expect(listener).toMatch(/^import [^;]*"#app\/log\//m);
});

test.each(sources)("app/%s has at most 300 lines", (file) => {
  expect(readFileSync(path.join("app", file), "utf8").split("\n").length).toBeLessThanOrEqual(301);
});

/**
 * The two doors from frozen code to living code: the rules' install, and the diagnosis of damage.
 */
const doors = /^\.\.\/app\/(domain\/rules\/rules\.server|doctor\/damage\/[\w.-]+)\.ts$/;

const migrations = readdirSync("migrations").filter((file) => file.endsWith(".ts"));

test.each(migrations)("migrations/%s imports living code only through the two doors", (file) => {
  const source = readFileSync(path.join("migrations", file), "utf8");
  // `import type` of Knex does not exist at run time.
  const imports = [
    ...source.matchAll(/^(?:import|export) (?!type )[^;]*?"([^"]+)";|\bimport\("([^"]+)"\)/gms),
  ];
  expect(
    imports.map(([, from, later]) => from ?? later).filter((from) => !doors.test(from!)),
  ).toEqual([]);
});

test("the doors are there, and are used", () => {
  const used = migrations.flatMap((file) =>
    [...readFileSync(path.join("migrations", file), "utf8").matchAll(/"(\.\.\/app\/[^"]+)"/g)].map(
      ([, from]) => from!,
    ),
  );
  expect(new Set(used)).toContain("../app/domain/rules/rules.server.ts");
  for (const from of used) expect(existsSync(path.join("migrations", from)), from).toBe(true);
});
