import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { closeDatabase } from "#app/db.server.ts";
import { environmentVariables, forgetEnvironment } from "#app/env.server.ts";
import { securityHeaders } from "#app/server/answer-headers.server.ts";
import { metricsText } from "#app/log/metrics.server.ts";
import { sources } from "../../scripts/compile/sources.js";
import { cleanUpLater } from "../support/clean-up.ts";
import { Client } from "../support/client.ts";
import { createMigratedDatabase } from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { guardProcess } from "../support/left-behind.ts";

/** What deploying needs beside the program, as far as it can be checked without the platforms; and docs that keep up. */

const read = (file: string) => readFileSync(file, "utf8");

const manifest = JSON.parse(read("package.json")) as {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
};

const environmentNames = environmentVariables;

const docs = readdirSync("docs", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".md"))
  .map((file) => path.join("docs", file));

/** Each command of a line that a shell would run. */
const commandsOf = (line: string) => line.split("&&").map((command) => command.trim());

function expectToBeRunnable(line: string): void {
  for (const command of commandsOf(line)) {
    const script = /^npm (?:run )?([a-z:]+)/.exec(command)?.[1] ?? "";
    if (!["ci", "prune"].includes(script) && !runsAScript(command)) {
      expect(Object.keys(manifest.scripts), command).toContain(script);
    }
  }
}

const runsAScript = (command: string) => Object.values(manifest.scripts).includes(command);

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

test("render.yaml runs commands that there are, migrates before it starts, and asks a path that there is", () => {
  const { buildCommand, preDeployCommand, startCommand } = web;
  expect(web.type).toBe("web");
  for (const line of [buildCommand, preDeployCommand, startCommand]) {
    expectToBeRunnable(line);
  }
  expect(buildCommand).toContain("npm ci --include=dev");
  expect(preDeployCommand).toBe("npm run migrate");
  expect(startCommand).toBe(manifest.scripts["start"]);
  expect(existsSync(`app/routes${web.healthCheckPath}.ts`)).toBe(true);
});

test("render.yaml sets variables that there are, and holds no secret", () => {
  const variables = new Map(web.envVars.map(({ key, ...source }) => [key, source]));
  for (const name of variables.keys()) {
    expect([...environmentNames, "NODE_VERSION"]).toContain(name);
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
  expect((JSON.parse(instruction("CMD")) as string[]).join(" ")).toBe(manifest.scripts["start"]);
  expect(instruction("FROM")).toMatch(/-slim$/);
});

test("the image's HEALTHCHECK passes on 200 alone", async () => {
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

test("nothing gets near an image but what is named, and all that the build is made of is", () => {
  const lines = read(".dockerignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  expect(lines[0]).toBe("*");
  const named = lines.slice(1).map((line) => line.replace(/^!/, ""));
  expect(lines.slice(1).every((line) => line.startsWith("!"))).toBe(true);
  for (const name of named) expect(existsSync(name), name).toBe(true);
  expect(named).toEqual(expect.arrayContaining(sources));
});

interface VercelConfiguration {
  buildCommand: string;
  installCommand: string;
  outputDirectory: string;
  framework: null;
  functions: Record<string, { includeFiles: string }>;
  rewrites: { source: string; destination: string }[];
  headers: { source: string; headers: { key: string; value: string }[] }[];
}

const vercel = JSON.parse(read("vercel.json")) as VercelConfiguration;

test("vercel.json names commands and files that there are", () => {
  expect(Object.keys(vercel).sort()).toEqual(
    [
      ["$schema", "framework", "installCommand", "buildCommand"],
      ["outputDirectory", "functions", "rewrites", "headers"],
    ]
      .flat()
      .sort(),
  );
  expectToBeRunnable(vercel.installCommand);
  expectToBeRunnable(vercel.buildCommand);
  expect(Object.keys(vercel.functions)).toEqual(["api/index.js"]);
  expect(existsSync("api/index.js")).toBe(true);
  // /readyz compares them with the database.
  expect(vercel.functions["api/index.js"]?.includeFiles).toBe("build/migrations/*.js");
  expect(vercel.rewrites).toEqual([{ source: "/(.*)", destination: "/api" }]);
});

test("Vercel sends files with the headers that the program sends", () => {
  process.env["PUBLIC_URL"] = "https://numbers.example.com";
  forgetEnvironment();
  cleanUpLater(async () => {
    process.env["PUBLIC_URL"] = "";
    forgetEnvironment();
  });
  const files = ["/assets/entry.client-abc.js", ...readdirSync("public").map((file) => `/${file}`)];
  for (const file of files) {
    const sent = vercel.headers
      .filter(({ source }) => new RegExp(`^${source}$`).test(file))
      .flatMap(({ headers }) => headers.map(({ key, value }) => [key, value]));
    expect(Object.fromEntries(sent), file).toMatchObject(securityHeaders());
  }
});

// Answers once by itself, without a server's message on the request, then serves.
const vercelHost = `
  import http from "node:http";
  import net from "node:net";
  const { default: handle } = await import(process.argv[1]);
  const request = new http.IncomingMessage(new net.Socket());
  Object.assign(request, { method: "GET", url: "/api/session" });
  request.headers.host = "numbers.example.com";
  request.push(null);
  const response = new http.ServerResponse(request);
  const socket = new net.Socket();
  let answer = "";
  socket.write = (text) => { answer += text; return true; };
  response.assignSocket(socket);
  await handle(request, response);
  const server = http.createServer(handle).listen(0, () =>
    process.send({ port: server.address().port, answer }));`;

test("Vercel's function answers as the server does", async () => {
  const { url } = await createMigratedDatabase("postgres");
  const child = spawn(
    process.execPath,
    ["--input-type=module", "-e", vercelHost, path.resolve("api/index.js")],
    {
      env: childEnvironment({
        VERCEL: "1",
        DATABASE_URL: url,
        PUBLIC_URL: "https://numbers.example.com",
      }),
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    },
  );
  const release = guardProcess(child.pid ?? 0);
  cleanUpLater(async () => {
    if (child.kill("SIGKILL")) await once(child, "close");
    release();
  });
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text) => (complaint += text));
  const [{ port, answer }] = (await Promise.race([
    once(child, "message"),
    once(child, "close").then(() => {
      throw new Error(`The function did not start: ${complaint}`);
    }),
  ])) as [{ port: number; answer: string }];
  expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  expect(answer).toMatch(/^Content-Security-Policy: default-src 'none'/m);

  const client = new Client(`http://localhost:${port}`);
  const ready = await client.fetch("/readyz");
  expect(ready.status).toBe(200);
  expect(ready.headers.get("X-Frame-Options")).toBe("DENY");
  expect((await client.signUp()).status).toBe(201);
  expect([...client.cookies.keys()]).toEqual(["__Host-session", "__Host-device"]);
  const page = await client.fetch("/dashboard");
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("</html>");
  const foreign = await client.fetch("/logout", {
    method: "POST",
    headers: { Origin: "https://elsewhere.example" },
  });
  expect(foreign.status).toBe(403);
  expect((await client.post("/api/login", "x".repeat(100_000))).status).toBe(413);
  expect((await client.get("/api/nothing")).status).toBe(404);
});

test("docs/operations.md has every variable of the environment", () => {
  expect(environmentNames.length).toBeGreaterThan(10);
  const table = read("docs/operations.md").split("## Environment")[1] ?? "";
  for (const name of environmentNames) {
    expect(table, name).toMatch(new RegExp(`^\\| \`${name}\` `, "m"));
  }
});

test("docs/operations.md has every metric", async () => {
  const { url } = await createMigratedDatabase("sqlite");
  process.env["DATABASE_URL"] = url;
  forgetEnvironment();
  cleanUpLater(async () => {
    await closeDatabase();
    process.env["DATABASE_URL"] = "";
    forgetEnvironment();
  });
  const { text } = await metricsText();
  const names = [...text.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name);
  expect(names).toContain("phone_numbers_low");
  const operations = read("docs/operations.md");
  for (const name of names) {
    if (/^(nodejs|process)_/.test(name ?? "")) continue;
    expect(operations, name).toMatch(new RegExp(`^\\| \`${name}\` `, "m"));
  }
});

test("docs/operations.md has every line of the log", () => {
  const operations = read("docs/operations.md").replaceAll("`", "");
  const sources = readdirSync("app", { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => read(path.join("app", file)));
  const messages = sources
    .flatMap((source) => [
      ...[...source.matchAll(/\blog(?:\.(?:info|warn|error|fatal)|\[level\])\(/g)]
        .map(({ index }) => source.slice(index, source.indexOf(");", index)))
        .map((call) => /(["`])((?:(?!\1)[^\\]|\\.)+)\1,?\s*$/.exec(call)?.[2] ?? ""),
      // app/log/events.server.ts
      ...[...source.matchAll(/\bwrite\(context, "([^"]+)"/g)].map(([, event]) => event ?? ""),
    ])
    // What a message is filled in with varies.
    .map((message) => message.split("${")[0]?.replaceAll("`", "") ?? "");
  expect(messages).toEqual(expect.arrayContaining(["request failed", "sign-in", "request"]));
  expect(messages.filter((message) => !operations.includes(message))).toEqual([]);
});

test("the docs name only npm scripts that there are", () => {
  for (const file of [...docs, "README.md"]) {
    for (const [command, script] of read(file).matchAll(/\bnpm run\s+([a-z:]+)/g)) {
      expect(Object.keys(manifest.scripts), `${file}: ${command}`).toContain(script);
    }
  }
});

/** What GitHub calls the headings of a Markdown file in a link; of two that are alike the second has a number. */
function anchorsOf(file: string): string[] {
  const seen = new Map<string, number>();
  return [...withoutCode(read(file)).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = ""]) => {
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    const before = seen.get(anchor) ?? 0;
    seen.set(anchor, before + 1);
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

// A # in a shell's example is no heading, and brackets in code are no link.
const withoutCode = (markdown: string) => markdown.replaceAll(/^(```|~~~)[^]*?^\1/gm, "");

const everyMarkdown = [
  ...docs,
  ...readdirSync(".").filter((file) => file.endsWith(".md")),
  ...["app", "bench", "migrations", "scripts", "tests"].flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".md"))
      .map((file) => path.join(room, file)),
  ),
];

test("every link and anchor in the Markdown leads somewhere", () => {
  const dead: string[] = [];
  let links = 0;
  for (const file of everyMarkdown) {
    const text = withoutCode(read(file)).replaceAll(/`[^`\n]*`(?!\])/g, "");
    for (const [, inline, reference] of text.matchAll(
      /\]\(<?([^)\s>]+)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm,
    )) {
      const target = inline ?? reference ?? "";
      if (/^(https?|mailto|tel):/.test(target)) continue;
      links++;
      const [name = "", anchor] = decodeURI(target).split("#");
      const to = name === "" ? file : path.join(path.dirname(file), name);
      if (!existsSync(to)) dead.push(`${file}: ${target} is not there`);
      else if (anchor && !anchorsOf(to).includes(anchor))
        dead.push(`${file}: ${target} has no such heading`);
    }
  }
  expect(links).toBeGreaterThan(20);
  expect(dead).toEqual([]);
});

test("the sections of the docs that other files name are there", () => {
  const named = ["render.yaml", "Dockerfile", "compose.yaml", ".env.example", "vercel.json"]
    .flatMap((file) => [
      ...read(file).matchAll(/docs\/([\w-]+\.md)(?:#([\w-]+)|, [“"]([^”"]+)[”"])?/g),
    ])
    .map(([, file = "", anchor, heading]) => ({ file: path.join("docs", file), anchor, heading }));
  expect(named.length).toBeGreaterThan(0);
  for (const { file, anchor, heading } of named) {
    const text = read(file);
    if (anchor) expect(anchorsOf(file)).toContain(anchor);
    if (heading) expect(text).toMatch(new RegExp(`^#+ ${heading}$`, "m"));
  }
});

test("docs/dependencies.md has every package that runs, and there are 24 at most", () => {
  const named = [...read("docs/dependencies.md").matchAll(/^\| `([^`]+)` /gm)].map(
    ([, name]) => name,
  );
  expect(named).toEqual(Object.keys(manifest.dependencies));
  expect(named.length).toBeLessThanOrEqual(24);
});
