import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { assignPhoneNumber } from "#app/domain/phone-numbers.server.ts";
import { Client } from "../support/client.ts";
import { exitCodeInShell } from "../support/children.ts";
import { cleanUpLater } from "../support/clean-up.ts";
import { fillPool } from "../support/companies.ts";
import { createMigratedDatabase, openDatabase } from "../support/databases.ts";
import { childEnvironment } from "../support/environment.ts";
import { freePort } from "../support/free-port.ts";
import { signedInCompanies, until } from "../support/load.ts";
import { startServer } from "../support/server.ts";
import { accountSid, authToken } from "../support/twilio-webhooks.ts";

test("a simulated call leaves a message that plays, until Ctrl-C", async () => {
  const env = {
    TWILIO_AUTH_TOKEN: authToken,
    TWILIO_ACCOUNT_SID: accountSid,
    TWILIO_API_BASE_URL: `http://127.0.0.1:${await freePort()}`,
  };
  const { url: databaseUrl } = await createMigratedDatabase("sqlite");
  const db = openDatabase(databaseUrl);
  const [number] = (await fillPool(db, 1)) as [string];
  const [company] = await signedInCompanies(db, 1);
  await assignPhoneNumber(db, company!.id, number);
  const { url } = await startServer({ databaseUrl, env });

  const call = ["simulate-call", number, "--url", url, "--scenario", "message"];
  const child = spawn(process.execPath, ["scripts/run.js", ...call], {
    env: childEnvironment(env),
  });
  cleanUpLater(async () => void child.kill("SIGKILL"));
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (said += text));
  const ended = once(child, "close");
  await until("the recording is served", () => said.includes("is served at http://127.0.0.1:"), 20);

  const { call_sid: callSid } = (await db("calls").first("call_sid"))!;
  const client = new Client(url, { Cookie: company!.cookie });
  const answer = await client.fetch(`/calls/${callSid}/message?download=1`);
  expect([answer.status, answer.headers.get("Content-Type")]).toEqual([200, "audio/wav"]);
  const sound = Buffer.from(await answer.arrayBuffer());
  expect([sound.toString("latin1", 0, 4), sound.length]).toEqual(["RIFF", 44 + 7 * 16_000]);

  child.kill("SIGINT");
  expect(exitCodeInShell(await ended)).toBe(130);
  expect(said).toContain("The call is in the log; its recording is not served any more.");
});
