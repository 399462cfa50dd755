import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { environmentVariables } from "#app/env.server.ts";
import { sources } from "../../scripts/compile/sources.js";
import { cleanUpLater } from "../support/clean-up.ts";
import { childEnvironment } from "../support/environment.ts";
import { expectToBeRunnable, npmScripts } from "../support/npm-scripts.ts";

/** What deploying needs beside the program, as far as it can be checked without the platforms. */

const read = (file: string) => readFileSync(file, "utf8");

interface Blueprint {
  services: [RenderService];
  databases: Record<string, unknown>[];
}

interface RenderService {
  type: string;
  buildCommand: string;
  preDeployCommand: string;
  startCommand: string;
  healthCheckPath: string;
  envVars: Record<string, unknown>[];
}

// Render, "Blueprint YAML Reference".
const renderFields = {
  top: ["services", "databases"],
  service: [
    ["type", "name", "runtime", "plan", "region", "envVars"],
    ["buildCommand", "preDeployCommand", "startCommand", "healthCheckPath"],
  ].flat(),
  database: [
    ["name", "plan", "region", "postgresMajorVersion"],
    ["databaseName", "user", "ipAllowList"],
  ].flat(),
  variable: ["key", "value", "generateValue", "sync", "fromDatabase"],
};

const blueprint = parse(read("render.yaml")) as Blueprint;
const [web] = blueprint.services;

test("render.yaml has only fields that Render knows", () => {
  const unknown = (object: object, known: string[]) =>
    Object.keys(object).filter((field) => !known.includes(field));
  expect(unknown(blueprint, renderFields.top)).toEqual([]);
  for (const database of blueprint.databases) {
    expect(unknown(database, renderFields.database)).toEqual([]);
  }
  for (const service of blueprint.services) {
    expect(unknown(service, renderFields.service)).toEqual([]);
    for (const variable of service.envVars) {
      expect(unknown(variable, renderFields.variable)).toEqual([]);
      expect(Object.keys(variable)).toHaveLength(2);
    }
  }
});

test("render.yaml runs existing commands, migrates before starting, and checks an existing path", () => {
  const { buildCommand, preDeployCommand, startCommand } = web;
  expect(web.type).toBe("web");
  for (const line of [buildCommand, preDeployCommand, startCommand]) {
    expectToBeRunnable(line);
  }
  expect(buildCommand).toContain("npm ci --include=dev");
  expect(preDeployCommand).toBe("npm run migrate");
  expect(startCommand).toBe(npmScripts["start"]);
  expect(existsSync(`app/routes${web.healthCheckPath}.ts`)).toBe(true);
});

test("render.yaml sets only existing variables, and holds no secret", () => {
  const variables = new Map(web.envVars.map(({ key, ...source }) => [key, source]));
  for (const name of variables.keys()) {
    expect([...environmentVariables, "NODE_VERSION"]).toContain(name);
  }
  expect(variables.get("METRICS_TOKEN")).toEqual({ generateValue: true });
  for (const asked of ["PUBLIC_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"]) {
    expect(variables.get(asked)).toEqual({ sync: false });
  }
  const { fromDatabase } = variables.get("DATABASE_URL") as {
    fromDatabase: { name: string; property: string };
  };
  expect(fromDatabase.property).toBe("connectionString");
  expect(blueprint.databases.map(({ name }) => name)).toContain(fromDatabase.name);
});

/** The instructions of the Dockerfile's last stage. */
function finalStage(): [instruction: string, rest: string][] {
  const lines = read("Dockerfile")
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line): [string, string] => {
      const [instruction = "", ...rest] = line.trim().split(/\s+/);
      return [instruction, rest.join(" ")];
    });
  return lines.slice(lines.findLastIndex(([instruction]) => instruction === "FROM"));
}

const instruction = (name: string) => finalStage().findLast(([one]) => one === name)?.[1] ?? "";

test("the image runs what npm start runs, as a user that is not root", () => {
  expect(instruction("USER")).toBe("node");
  expect((JSON.parse(instruction("CMD")) as string[]).join(" ")).toBe(npmScripts["start"]);
  expect(instruction("FROM")).toMatch(/-slim$/);
});

test("the image's HEALTHCHECK passes only on 200", async () => {
  const [, command = ""] = instruction("HEALTHCHECK").split(" CMD ");
  const [program = "", ...args] = JSON.parse(command) as string[];
  let status = 200;
  const server = createServer((request, response) => {
    response.statusCode = request.url === "/healthz" ? status : 404;
    response.end();
  }).listen(0);
  await once(server, "listening");
  cleanUpLater(async () => server.close());
  const PORT = String((server.address() as AddressInfo).port);
  const check = async () => {
    const child = spawn(program, args, { env: childEnvironment({ PORT }) });
    const [code] = (await once(child, "close")) as [number | null];
    return code;
  };
  expect(await check()).toBe(0);
  status = 503;
  expect(await check()).toBe(1);
  server.closeAllConnections();
  server.close();
  expect(await check()).toBe(1);
});

test("only named files get into an image, and everything that the build needs is named", () => {
  const lines = read(".dockerignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  expect(lines[0]).toBe("*");
  const named = lines.slice(1).map((line) => line.replace(/^!/, ""));
  expect(lines.slice(1).every((line) => line.startsWith("!"))).toBe(true);
  for (const name of named) expect(existsSync(name), name).toBe(true);
  expect(named).toEqual(expect.arrayContaining(sources));
});
