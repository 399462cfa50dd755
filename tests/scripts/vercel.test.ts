import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { forgetEnvironment } from "#app/env.server.ts";
import { securityHeaders } from "#app/server/answer-headers.server.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { Client } from "../support/client.ts";
import { createMigratedDatabase } from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { guardProcess } from "../support/left-behind.ts";
import { expectToBeRunnable } from "../support/npm-scripts.ts";

interface VercelConfiguration {
  buildCommand: string;
  installCommand: string;
  outputDirectory: string;
  framework: null;
  functions: Record<string, { includeFiles: string }>;
  rewrites: { source: string; destination: string }[];
  headers: { source: string; headers: { key: string; value: string }[] }[];
}

const vercel = JSON.parse(readFileSync("vercel.json", "utf8")) as VercelConfiguration;

test("vercel.json names existing commands and files", () => {
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
  expect(await ready.text()).toContain("ok");
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
