import { describe, expect, test } from "vitest";
import { Client } from "../support/client.ts";
import { createMigratedDatabase, engines, openDatabase } from "../support/databases.ts";
import { startServer } from "../support/server.ts";

describe.each(engines)("a fault inside on %s", (engine) => {
  test("is logged with the request's id, and answered with the id and no details", async () => {
    const { url: databaseUrl } = await createMigratedDatabase(engine);
    const server = await startServer({ databaseUrl });
    const client = new Client(server.url);
    await client.signUp();
    // Something that no request could do: a table is gone.
    const db = openDatabase(databaseUrl);
    await db.schema.renameTable("twilio_phone_numbers", "elsewhere");

    const inside =
      /twilio_phone_numbers|SQLITE|no such table|relation|42P01|select |at \w+ \(|node_modules|\.ts:/i;
    for (const path of [
      "/api/phone-numbers/available",
      "/dashboard/choose-number",
      "/dashboard/choose-number.data",
    ]) {
      const requestId = `seen-by-a-person${path.replaceAll("/", "-")}`;
      const response = await client.fetch(path, {
        headers: { "X-Request-Id": requestId },
      });
      const text = await response.text();
      expect([path, response.status]).toEqual([path, 500]);
      expect(response.headers.get("X-Request-Id")).toBe(requestId);
      expect(response.headers.get("Cache-Control")).toBe("no-store");
      expect(text).not.toMatch(inside);
      expect(text).toContain("Something went wrong on our side");
      await expect.poll(() => server.output()).toContain(requestId);
    }

    await db.schema.renameTable("elsewhere", "twilio_phone_numbers");
    expect((await client.get("/api/phone-numbers/available")).status).toBe(200);
  });
});
