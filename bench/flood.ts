import { setTimeout } from "node:timers/promises";
import { password } from "./data.ts";
import type { Site } from "./cases.ts";
import type { Server } from "./subjects.ts";

/** What a flood of sign-ins does to everybody else, in milliseconds of elapsed time. */

const floodWidth = 200;
/** Seconds per half. */
const lasts = 10;

/** The server's settings: each client has its own address, and the machine is the only limit. */
export const floodEnvironment = { TRUST_PROXY: "1", RATE_LIMITS: "off" };

interface Half {
  /** milliseconds of each answer, by request */
  took: Record<string, number[]>;
  /** answers to the flood's sign-ins, by status */
  flood: Record<number, number>;
}

/**
 * Measures others without a flood, then for as long with 200 sign-ins at once.
 * @returns a report for people
 */
export async function floodedAnswers(server: Server, site: Site): Promise<string> {
  const quiet = await half(server, site, 0);
  const flooded = await half(server, site, floodWidth);
  const lines = Object.keys(quiet.took).map((name) => {
    const cells = [quiet, flooded].flatMap(({ took }) => {
      const sorted = took[name]!.toSorted((one, other) => one - other);
      return [0.5, 0.99].map(
        (share) => `${Math.round(sorted[Math.floor(sorted.length * share)]!)}`,
      );
    });
    return `| ${[name, ...cells].join(" | ")} |`;
  });
  const answers = Object.entries(flooded.flood).map(([status, count]) => `${count} × ${status}`);
  return [
    `${server.subject.name}: ${floodWidth} sign-ins at once, again when answered or when told to; ms`,
    "| others | quiet p50 | quiet p99 | flooded p50 | flooded p99 |",
    "| ------ | --------: | --------: | ----------: | ----------: |",
    ...lines,
    `The flood was answered with ${answers.join(", ")}.`,
    "",
  ].join("\n");
}

async function half(server: Server, { settled }: Site, width: number): Promise<Half> {
  const result: Half = { took: {}, flood: {} };
  const until = performance.now() + lasts * 1000;
  const goesOn = () => performance.now() < until;

  const logIn = (email: string, typed: string, address: string) =>
    fetch(`${server.url}/api/login`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Forwarded-For": address },
      body: JSON.stringify({ email, password: typed }),
    });
  const flooding = Array.from({ length: width }, async (_, at) => {
    // All to one account, a quarter of them from one address with the right password.
    const own = at % 4 === 0;
    const address = own ? "198.18.0.1" : `198.18.1.${at}`;
    while (goesOn()) {
      const answer = await logIn("choosing@example.com", own ? password : "a guess", address);
      await answer.arrayBuffer();
      result.flood[answer.status] = (result.flood[answer.status] ?? 0) + 1;
      const wait = Number(answer.headers.get("Retry-After") ?? 0);
      await setTimeout(wait * 1000 * Math.random() * 2);
    }
  });
  const others: Record<string, () => Promise<Response>> = {
    "a page": () => fetch(`${server.url}/dashboard`, { headers: { Cookie: settled } }),
    "the API": () =>
      fetch(`${server.url}/api/phone-numbers/current`, { headers: { Cookie: settled } }),
    "another's sign-in": () => logIn("called@example.com", password, "203.0.113.1"),
  };
  const measuring = Object.entries(others).map(async ([name, ask]) => {
    const took: number[] = (result.took[name] = []);
    while (goesOn()) {
      const began = performance.now();
      const answer = await ask();
      await answer.arrayBuffer();
      took.push(performance.now() - began);
      if (!answer.ok) throw new Error(`${name} was answered with ${answer.status}.`);
      await setTimeout(20);
    }
  });
  await Promise.all([...measuring, ...flooding]);
  return result;
}
