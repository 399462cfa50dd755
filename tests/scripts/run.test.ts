import { execFile } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { buildState, sources } from "../../scripts/compile/sources.js";
import { cleanUpLater } from "../support/clean-up.ts";
import { createMigratedDatabase, createTestDatabase } from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { sightOfReading } from "../support/reading-stdin.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { runScript, type ScriptRun } from "../support/script.ts";
import { startServer } from "../support/server.ts";

/** The launcher of all scripts, in installations that have less than this checkout has. */

const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
  dependencies: Record<string, string>;
};

/** What the Dockerfile copies into the image besides the packages. */
const image = [
  ...readFileSync("Dockerfile", "utf8").matchAll(/^COPY --from=build \/app\/(\S+) /gm),
].flatMap(([, name = ""]) => (name === "node_modules" ? [] : [name]));

interface Installation {
  path: string;
  run: (script: string, ...args: string[]) => Promise<ScriptRun>;
}

/** A folder with copies of `names`, and with all packages or just those that production has. */
function installation(names: readonly string[], packages: "all" | "production"): Installation {
  const scratch = scratchDirectory("installation-");
  cleanUpLater(async () => scratch.remove());
  for (const name of names) {
    cpSync(name, path.join(scratch.path, name), { recursive: true });
  }
  const modules = path.join(scratch.path, "node_modules");
  if (packages === "all") symlinkSync(path.resolve("node_modules"), modules);
  else {
    for (const name of Object.keys(dependencies)) {
      if (name === "tsx") continue;
      const link = path.join(modules, name);
      mkdirSync(path.dirname(link), { recursive: true });
      symlinkSync(path.resolve("node_modules", name), link);
    }
  }
  return {
    path: scratch.path,
    run: (script, ...args) =>
      runScript(script, args, {
        cwd: scratch.path,
        env: { DATABASE_URL: "sqlite:./some.db" },
      }),
  };
}

const migrated = {
  exitCode: 0,
  stdout: expect.stringContaining("done  20261122000003_calls.ts\n"),
  stderr: "",
};

test("a script runs from the build while that matches the sources, and otherwise from the sources", async () => {
  expect(buildState()).toBe("current");
  const { path: root, run } = installation([...sources, "build"], "all");
  expect(await run("migrate")).toMatchObject(migrated);
  writeFileSync(path.join(root, "build/scripts/doctor.js"), `console.log("as it was built");`);
  expect((await run("doctor")).stdout).toBe("as it was built\n");
  appendFileSync(path.join(root, "seeds/demo-phone-numbers.ts"), "\n");
  expect((await run("doctor", "--help")).stdout).toContain("Usage\n");
});

test("without the development packages an outdated build is used, which stderr says; a missing one is reported", async () => {
  const { path: root, run } = installation([...sources, "build"], "production");
  appendFileSync(path.join(root, "app/env.server.ts"), "\n");
  expect(await run("migrate")).toMatchObject({
    ...migrated,
    stderr: expect.stringMatching(/^The sources have changed since .*\n$/),
  });
  rmSync(path.join(root, "build"), { recursive: true });
  expect(await run("migrate")).toEqual({
    exitCode: 1,
    stdout: "",
    stderr: expect.stringMatching(/^There is no build, and .*\n$/),
  });
});

test("an image, without sources and without tsx, has the commands and serves", async () => {
  const { path: root, run } = installation(image, "production");
  expect(await run("migrate")).toMatchObject(migrated);
  expect(await run("test-phone-assignment")).toMatchObject({ exitCode: 0 });
  expect(await run("nothing")).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: "There is no script “nothing”.\n",
  });
  const { url } = await createTestDatabase("postgres");
  const server = await startServer({ databaseUrl: url, cwd: root });
  expect(server.output()).toContain("20261122000003_calls.ts");
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  expect((await fetch(`${server.url}/login`)).status).toBe(200);
  expect(await server.stop()).toBe(0);
});

test("demo numbers are only added to an empty pool of the default database", async () => {
  const { path: root } = installation(image, "production");
  const server = await startServer({ databaseUrl: "", cwd: root });
  expect(server.output()).toContain(
    "The pool was empty: 14 demo numbers were added. They take no calls.\n",
  );
  expect(server.output()).toContain("Open it and sign up.");
  expect(await server.stop()).toBe(0);
});

test("a command waits for input that is piped into it late", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  const { file, env } = sightOfReading();
  const late = `(until [ -e "${file}" ]; do sleep 0.05; done; echo +353861239991)`;
  const { stdout, stderr } = await promisify(execFile)(
    "sh",
    ["-c", `${late} | node scripts/run.js add-phone-numbers --from-file -`],
    { env: childEnvironment({ DATABASE_URL: url, ...env }) },
  );
  expect(stderr).not.toContain("Error");
  expect(stdout).toContain("1 added");
});
