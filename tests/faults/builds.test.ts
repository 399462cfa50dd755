import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { remixCommand } from "../../scripts/compile/if-needed.ts";
import { sources } from "../../scripts/compile/sources.js";
import { cleanUpLater } from "../support/clean-up.ts";
import { childEnvironment } from "../support/environment.ts";
import { guardProcess } from "../support/left-behind.ts";
import { until } from "../support/load.ts";
import { scratchDirectory } from "../support/scratch.ts";
import { runScript } from "../support/script.ts";

/** A copy of this checkout with its build, in which others build and run. */
function checkout() {
  const scratch = scratchDirectory("checkout-");
  cleanUpLater(async () => scratch.remove());
  for (const name of [...sources, "build"]) {
    cpSync(name, path.join(scratch.path, name), { recursive: true });
  }
  symlinkSync(path.resolve("node_modules"), path.join(scratch.path, "node_modules"));
  const inBuild = () => readdirSync(path.join(scratch.path, "build"));
  return {
    /** what is in the build */
    whole: () => inBuild().filter((name) => !name.startsWith(".")),
    /** builds that are being made */
    unfinished: () => inBuild().filter((name) => name.startsWith(".unfinished")),
    write: (file: string, text: string) => writeFileSync(path.join(scratch.path, file), text),
    run: (script: string, ...args: string[]) => runScript(script, args, { cwd: scratch.path }),
    build: () => {
      const child = spawn(process.execPath, [remixCommand(), "vite:build"], {
        cwd: scratch.path,
        env: childEnvironment({ NODE_ENV: "production" }),
        stdio: "ignore",
      });
      const release = guardProcess(child.pid ?? 0);
      const ended = once(child, "close").finally(release);
      cleanUpLater(async () => {
        child.kill("SIGKILL");
        await ended;
      });
      return {
        ended,
        pause: () => child.kill("SIGSTOP"),
        kill: () => child.kill("SIGKILL"),
      };
    },
  };
}

test("a build leaves the one before it to whoever runs a command, and if it is killed for good", async () => {
  const { build, run, unfinished, whole, write } = checkout();
  const before = whole();
  write("build/scripts/doctor.js", `console.log("as it was built");`);
  const first = build();
  await until("it builds", () => unfinished().length === 1, 60);
  first.pause();
  expect((await run("doctor")).stdout).toBe("as it was built\n");
  first.kill();
  await first.ended;
  expect((await run("doctor")).stdout).toBe("as it was built\n");
  expect(whole()).toEqual(before);

  const left = unfinished();
  const second = build();
  await until("the next builds", () => unfinished().some((name) => !left.includes(name)), 60);
  await until("it has cleared up", () => !unfinished().includes(left[0] ?? ""));
  second.kill();
  await second.ended;
});

test("of builds that are done at the same moment one is in place, whole, and none fails", async () => {
  const scratch = scratchDirectory("places-");
  cleanUpLater(async () => scratch.remove());
  const names = ["app", "client", "packages", "scripts", "server"];
  const putting = `
    import { mkdirSync, writeFileSync } from "node:fs";
    import { putInPlace } from ${JSON.stringify(path.resolve("scripts/compile/in-place.ts"))};
    for (let round = 0; round < 100; round++) {
      const made = process.argv[1] + "/made-" + process.pid;
      for (const name of ${JSON.stringify(names)}) {
        mkdirSync(made + "/" + name, { recursive: true });
        writeFileSync(made + "/" + name + "/file", "");
      }
      writeFileSync(made + "/source-hash", "");
      putInPlace(made, process.argv[1] + "/place", "source-hash");
    }`;
  mkdirSync(path.join(scratch.path, "place"));
  const command = ["--import", "tsx", "--input-type=module", "-e", putting, scratch.path];
  const both = [1, 2].map(() => promisify(execFile)(process.execPath, command));
  expect(await Promise.all(both)).toEqual(Array(2).fill({ stdout: "", stderr: "" }));
  const place = readdirSync(path.join(scratch.path, "place"), {
    recursive: true,
    encoding: "utf8",
  });
  const whole = [...names, "source-hash", ...names.map((name) => `${name}/file`)];
  expect(place.toSorted()).toEqual(whole.toSorted());
});
