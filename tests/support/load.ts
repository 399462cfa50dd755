import http from "node:http";
import { createCookie } from "@remix-run/node";
import type { Knex } from "knex";
import { beginSession } from "#app/domain/sessions.server.ts";
import { insertCompany } from "./companies.ts";

/** A company with a session on the server, made without the cost of a password. */
export interface SignedInCompany {
  id: number;
  cookie: string;
}

/** Makes `count` signed-in companies in the database of a server that `startServer` runs. */
export async function signedInCompanies(db: Knex, count: number): Promise<SignedInCompany[]> {
  const session = createCookie("session");
  const companies: SignedInCompany[] = [];
  for (let i = 0; i < count; i++) {
    const id = await insertCompany(db);
    const [cookie = ""] = (await session.serialize(await beginSession(db, id))).split(";");
    companies.push({ id, cookie });
  }
  return companies;
}

/** One answer, read to its end. */
export interface Exchange {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/**
 * A request by Node's own client, which unlike `fetch` shows what happened to the connection: an
 * error's `code` is `ECONNREFUSED` if nobody was listening and `ECONNRESET` if it was cut.
 */
export function exchange(
  url: string,
  {
    method = "GET",
    headers = {},
    body,
    agent,
    timeout = 20_000,
  }: {
    method?: string;
    headers?: http.OutgoingHttpHeaders;
    body?: string;
    agent?: http.Agent;
    /** milliseconds */
    timeout?: number;
  } = {},
): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      url,
      {
        method,
        headers: {
          ...headers,
          ...(body !== undefined && {
            "Content-Length": Buffer.byteLength(body),
          }),
        },
        // Without an agent each request opens its own connection.
        agent: agent ?? false,
        signal: AbortSignal.timeout(timeout),
      },
      (response) => {
        let text = "";
        response
          .setEncoding("utf8")
          .on("data", (chunk: string) => (text += chunk))
          .on("error", reject)
          .on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: text,
            }),
          );
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** A company's attempt to get a number, and the answer. */
export interface Try {
  /** the request's id, also in the audit trail */
  key: string;
  company: SignedInCompany;
  phoneNumber: string;
  /**
   * `ok`: confirmed, or already the company's. `failed`: told that it did not get it. `unknown`: a
   * server error or no answer.
   */
  told: "ok" | "failed" | "unknown";
  status?: number;
  code?: string;
  /** milliseconds */
  took: number;
}

let tries = 0;

export async function tryToAssign(
  url: string,
  company: SignedInCompany,
  phoneNumber: string,
  agent?: http.Agent,
): Promise<Try> {
  const startedAt = performance.now();
  const key = `try-${process.pid}-${++tries}`;
  const done = (told: Try["told"], rest: Partial<Try>): Try => ({
    key,
    company,
    phoneNumber,
    told,
    took: performance.now() - startedAt,
    ...rest,
  });
  try {
    const { status, body } = await exchange(`${url}/api/phone-numbers/assign`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Cookie: company.cookie,
        "X-Request-Id": key,
      },
      body: JSON.stringify({ phone_number: phoneNumber }),
      ...(agent && { agent }),
    });
    const isTheirs = status === 200 || (status === 400 && body.includes(`"${phoneNumber}"`));
    return done(isTheirs ? "ok" : status < 500 ? "failed" : "unknown", {
      status,
    });
  } catch (error) {
    return done("unknown", {
      code: (error as NodeJS.ErrnoException).code ?? String(error),
    });
  }
}

/** Calls `work` for each item, `width` at a time, in order. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const line = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!, index);
    }
  };
  await Promise.all(Array.from({ length: width }, line));
  return results;
}

/** Waits until `check` is true, by default for at most ten seconds. */
export async function until(
  what: string,
  check: () => boolean | Promise<boolean>,
  seconds = 10,
): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  while (!(await check())) {
    if (performance.now() > deadline) {
      throw new Error(`Waited ${seconds} seconds for: ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
