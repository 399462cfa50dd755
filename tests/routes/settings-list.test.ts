import { describe, expect, test } from "vitest";
import { saveCallHandling } from "#app/domain/call-handling.server.ts";
import { makeToken } from "#app/domain/tokens.server.ts";
import { get, textOf } from "../support/pages.ts";
import { useCallSite } from "../support/call-pages.ts";
import { engines } from "../support/databases.ts";

describe.each(engines)("the list of settings on %s", (engine) => {
  const site = useCallSite(engine);

  test("says what is set now", async () => {
    const { client, id } = await site.fresh();
    const before = textOf(await get(client, "/settings"));
    expect(before).toContain("API tokens None");
    expect(before).toContain("Security No recovery codes yet");

    await saveCallHandling(site.db, id, {
      greeting: "",
      mode: "sip",
      target: "sip:desk@example.com",
      ringSeconds: 20,
      takeMessage: true,
    });
    const token = { name: "crm", scopes: ["calls:read"] as const };
    await makeToken(site.db, id, { ...token, scopes: [...token.scopes], expires_at: null });
    await site.db("recovery_codes").insert(
      ["a", "b"].map((hash) => ({
        company_id: id,
        code_hash: hash,
        batch: "1",
        made_at: "2026-01-01 00:00:00",
      })),
    );
    const after = textOf(await get(client, "/settings"));
    expect(after).toContain("Call handling Rings sip:desk@example.com");
    expect(after).toContain("API tokens 1 token");
    expect(after).toContain("Security 2 recovery codes left");
  });
});
