import autocannon from "autocannon";
import { cases, type Case, type Site } from "./cases.ts";
import { password, type Account, type Data } from "./data.ts";
import type { Server } from "./subjects.ts";

const connections = 8;
const warmUp = 0.25;
const settlingIn = 100;

/**
 * Logs in at a server as a browser would; the peer has no log-in, and its cookie is the session's
 * bare id.
 */
export async function siteOf(server: Server, data: Data): Promise<Site> {
  const { url, subject } = server;
  const cookieOf = ({ email, sessionId }: Account) =>
    subject.name === "peer" ? `session=${sessionId}` : logIn(url, email);
  return {
    url,
    settled: await cookieOf(data.settled),
    choosing: await cookieOf(data.choosing),
    calledNumber: data.calledNumber,
  };
}

async function logIn(url: string, email: string): Promise<string> {
  const answer = await fetch(`${url}/api/login`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) {
    throw new Error(`POST /api/login was answered with ${answer.status}.`);
  }
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";", 1)[0])
    .join("; ");
}

/**
 * Asks `amount` times, over a few connections.
 * @throws if an answer is not a 2xx or not the one that the case expects
 */
async function load(
  server: Server,
  site: Site,
  { name, answer, request }: Case,
  amount: number,
): Promise<void> {
  const result = await autocannon({
    url: server.url,
    connections,
    amount,
    requests: [request(site)],
    verifyBody: (body) => String(body).includes(answer),
    bailout: 1,
    // Milliseconds; autocannon also ends only on such a tick.
    sampleInt: 50,
  });
  const { errors, mismatches, statusCodeStats } = result;
  if (result["2xx"] !== amount || errors > 0 || mismatches > 0) {
    throw new Error(
      `${name} at ${server.subject.name}: of ${amount} requests ${errors} failed and ${mismatches} had another answer; statuses: ${JSON.stringify(statusCodeStats)}`,
    );
  }
}

/** @returns milliseconds of processor time a request, after a warm-up */
export async function requestCost(server: Server, site: Site, measured: Case): Promise<number> {
  const { amount } = measured;
  await load(server, site, measured, Math.ceil(amount * warmUp));
  const before = server.cpu();
  await load(server, site, measured, amount);
  return (server.cpu() - before) / amount;
}

/** What it takes to start. */
export interface StartCost {
  /** processor time to the first 200 of `/healthz` */
  milliseconds: number;
  /** MB at that moment */
  atFirst: number;
  /**
   * MB after some requests of each case; the heap keeps growing for long, so this only serves to
   * compare
   */
  atWork: number;
}

/** Starts a server, sends it some requests of each case, and stops it. */
export async function startCost(start: () => Promise<Server>, data: Data): Promise<StartCost> {
  const server = await start();
  try {
    const milliseconds = server.cpuOfAll();
    const atFirst = server.pss();
    const site = await siteOf(server, data);
    for (const each of cases) await load(server, site, each, settlingIn);
    return { milliseconds, atFirst, atWork: server.pss() };
  } finally {
    await server.stop();
  }
}
