import { expect, test } from "vitest";
import { Client } from "../support/client.ts";
import { createMigratedDatabase } from "../support/databases.ts";
import { get, textOf } from "../support/pages.ts";
import { startServer } from "../support/server.ts";

async function visitor(env: Record<string, string> = {}): Promise<Client> {
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const { url } = await startServer({ databaseUrl, env });
  return new Client(url);
}

test("the operator names the service, and says where pages link to", async () => {
  const client = await visitor({
    SITE_NAME: 'Bell & "Sons"',
    SUPPORT_EMAIL: "help@example.com",
    TERMS_URL: "https://example.com/terms",
    PRIVACY_URL: "https://example.com/privacy",
  });
  const login = await get(client, "/login");
  expect(login.title).toBe("Log in – Bell &amp; &quot;Sons&quot;");
  expect(textOf(login)).toContain("Help Terms Privacy");
  for (const link of ["mailto:help@example.com", "https://example.com/terms"]) {
    expect(login.html).toContain(`href="${link}"`);
  }
  await client.signUp();
  expect(textOf(await get(client, "/settings"))).toContain("Help Terms Privacy");

  const manifest = await client.fetch("/site.webmanifest");
  expect(manifest.headers.get("Cache-Control")).toBe("no-cache");
  const { name, icons } = (await manifest.json()) as { name: string; icons: { src: string }[] };
  expect(name).toBe('Bell & "Sons"');
  for (const icon of ["/apple-touch-icon.png", ...icons.map(({ src }) => src)]) {
    const answer = await client.fetch(icon);
    expect([icon, answer.status, answer.headers.get("Content-Type")]).toEqual([
      icon,
      200,
      "image/png",
    ]);
    expect(answer.headers.get("Cache-Control")).not.toContain("immutable");
  }
  const { info } = (await (await client.fetch("/api/openapi.json")).json()) as {
    info: { title: string };
  };
  expect(info.title).toBe('Bell & "Sons" API');
});

test("what the operator has not set is not shown", async () => {
  const client = await visitor();
  const home = await get(client, "/");
  expect(home.title).toBe("Company Phone Numbers");
  expect(home.html).not.toContain("<footer");
});

test("the start page says what it is to search engines, and answers what owners ask", async () => {
  const { html, ...home } = await get(await visitor(), "/");
  expect(html).toMatch(/<meta name="description" content="[^"]{50,}"/);
  for (const question of [
    "Can the number change?",
    "What happens to calls?",
    "What does it cost me to stop?",
  ]) {
    expect(textOf({ ...home, html })).toContain(question);
  }
  expect(html).toMatch(/<img src="\/assets\/picker-[\w-]+\.png"[^>]* alt="[^"]+"/);
});
