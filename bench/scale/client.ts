import { Agent, request as ask } from "node:http";
import type { Server } from "../subjects.ts";
import type { ScaleCase, ScaleSite } from "./requests.ts";

/** One round of a case at one server. */
export interface Round {
  /** median elapsed time, ms */
  p50: number;
  /** the server's processor time per request, ms */
  server: number;
  /** the database's, if it is another process */
  database: number;
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/**
 * Asks `amount` times, one after another, over one connection.
 * @param databaseCpu the database's processor time so far, ms
 */
export async function round(
  server: Server,
  site: ScaleSite,
  measured: ScaleCase,
  amount: number,
  databaseCpu: () => number,
): Promise<Round> {
  for (let warming = 0; warming < Math.ceil(amount / 8); warming++)
    await once(server, site, measured);
  const before = [server.cpu(), databaseCpu()] as const;
  const took: number[] = [];
  for (let asked = 0; asked < amount; asked++) took.push(await once(server, site, measured));
  return {
    p50: took.sort((one, other) => one - other)[Math.floor(amount / 2)]!,
    server: (server.cpu() - before[0]) / amount,
    database: (databaseCpu() - before[1]) / amount,
  };
}

/**
 * @returns milliseconds to the last byte
 * @throws if the answer is not a 2xx, or not the one expected
 */
async function once(
  server: Server,
  site: ScaleSite,
  { name, answer, request }: ScaleCase,
): Promise<number> {
  const asked = request(site);
  const setUp = typeof asked.setupRequest === "function" ? asked.setupRequest(asked, {}) : asked;
  const { path = "/", method = "GET", headers = {}, body } = setUp;
  const began = performance.now();
  const [status, text] = await new Promise<[number, string]>((resolve, reject) => {
    const sent = ask(
      server.url + path,
      { method, agent, headers: headers as Record<string, string> },
      (got) => {
        let text = "";
        got.setEncoding("utf8").on("data", (piece: string) => (text += piece));
        got.on("end", () => resolve([got.statusCode ?? 0, text]));
        got.on("error", reject);
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
  const took = performance.now() - began;
  if (status < 200 || status > 299 || !text.includes(answer)) {
    throw new Error(`${name} was answered with ${status}: ${text.slice(0, 300)}`);
  }
  return took;
}
