import type { ActionFunctionArgs } from "@remix-run/node";
import { beforeAll, describe, expect, test } from "vitest";
import { comesFromThisSite } from "#app/server/same-site.server.ts";
import { Client } from "../support/client.ts";
import { createMigratedDatabase } from "../support/databases.ts";
import { startServer } from "../support/server.ts";

interface RouteModule {
  action?: (args: ActionFunctionArgs) => Promise<unknown>;
  default?: unknown;
}

const modules = import.meta.glob<RouteModule>("/app/routes/*", { eager: true });

/** Every route that has an action: its id, its path, and whether it is a page. */
const actions = Object.entries(modules)
  .filter(([, module]) => module.action)
  .map(([file, module]) => {
    const name = file.replace(/^.*\//, "").replace(/\.tsx?$/, "");
    const path = name
      .split(".")
      .filter((part) => !part.startsWith("_"))
      .map((part) => part.replace(/_$/, "").replace(/^\$.*/, "x"))
      .join("/");
    return { id: `routes/${name}`, path: `/${path}`, module };
  });

const otherSites: Record<string, string>[] = [
  { "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example" },
  { "Sec-Fetch-Site": "same-site" },
  { Origin: "https://evil.example" },
  { Origin: "null" },
];

describe("another site's form", () => {
  let url: string;
  beforeAll(async () => {
    const { url: databaseUrl } = await createMigratedDatabase("sqlite");
    url = (
      await startServer({
        databaseUrl,
        env: {
          TWILIO_ACCOUNT_SID: `AC${"0".repeat(32)}`,
          TWILIO_AUTH_TOKEN: "only-the-tests-know-this-token",
        },
      })
    ).url;
  });

  test("the test finds the routes with actions", () => {
    const paths = actions.map(({ path }) => path);
    expect(paths).toContain("/login");
    expect(paths).toContain("/dashboard/choose-number");
    expect(paths).toContain("/api/phone-numbers/assign");
    expect(paths).toContain("/twilio/voice");
  });

  test.each(actions)(
    "is refused by $id: as a page, as data, by ?_data and directly",
    async ({ id, path, module }) => {
      const client = new Client(url);
      await client.signUp();
      const body = "email=a%40example.com&password=a+long+quiet+evening";
      const type = module.default ? "application/x-www-form-urlencoded" : "application/json";
      for (const headers of otherSites) {
        const init = {
          method: "POST",
          headers: { "Content-Type": type, ...headers },
          body: module.default ? body : "{}",
        };
        for (const way of [path, `${path}.data`, `${path}?_data=${id}`]) {
          const { status } = await client.fetch(way, init);
          expect([way, headers, status]).toEqual([way, headers, 403]);
        }
        const request = new Request(`${url}${path}`, init);
        const direct = await module.action!({
          request,
          params: {},
          context: {},
        }).catch((thrown: unknown) => thrown);
        expect(statusOf(direct)).toBe(403);
      }
      expect((await client.get("/api/session")).status).toBe(200);
    },
  );
});

function statusOf(answer: unknown): number | undefined {
  if (answer instanceof Response) return answer.status;
  return (answer as { init?: ResponseInit | null }).init?.status;
}

test.each([
  ["GET", { "Sec-Fetch-Site": "cross-site" }, true],
  ["HEAD", { Origin: "https://evil.example" }, true],
  ["POST", {}, true],
  ["POST", { "Sec-Fetch-Site": "same-origin" }, true],
  ["POST", { "Sec-Fetch-Site": "none" }, true],
  ["POST", { "Sec-Fetch-Site": "same-site" }, false],
  ["POST", { "Sec-Fetch-Site": "cross-site" }, false],
  ["POST", { "Sec-Fetch-Site": "" }, false],
  ["POST", { Origin: "http://box.example:8080" }, true],
  ["POST", { Origin: "http://localhost:3000" }, true],
  ["POST", { Origin: "http://box.example" }, false],
  ["POST", { Origin: "null" }, false],
  ["DELETE", { Origin: "https://evil.example" }, false],
  ["POST", { Origin: "https://box.example:8080", "Sec-Fetch-Site": "cross-site" }, false],
])("%s with %j is same-site: %s", (method, headers, expected) => {
  const request = new Request("http://box.example:8080/login", {
    method,
    headers: { Host: "box.example:8080", ...headers },
  });
  expect(comesFromThisSite(method, (name) => request.headers.get(name))).toBe(expected);
});
