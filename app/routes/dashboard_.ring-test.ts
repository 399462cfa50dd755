import { setTimeout as sleep } from "node:timers/promises";
import type { LoaderFunctionArgs } from "@remix-run/node";
import { reading } from "#app/db.server.ts";
import { wasCalled } from "#app/domain/calls.server.ts";
import { servingEnds } from "#app/server/stopping.server.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { plainText } from "#app/http/answers.server.ts";
import { forStream, streamed } from "#app/http/streamed.server.ts";

/**
 * An event stream that says `call` when the company's first call has come, and then ends. It says
 * nothing about the call, which the dashboard then loads. Whichever process the call reached, this
 * one finds it in the database.
 */
export function loader(asked: LoaderFunctionArgs): Promise<Response> {
  return forStream(asked, async () => {
    const { id } = await requireCompany(asked);
    if ((open.get(id) ?? 0) >= mostPerCompany) {
      return plainText(429, "Too many open dashboards", {
        "Retry-After": String(longest),
      });
    }
    return streamed(asked, { "Content-Type": "text/event-stream; charset=utf-8" }, (signal) =>
      events(id, signal),
    );
  });
}

/** Streams per process; a dashboard in the background has none open. */
const mostPerCompany = 4;
const open = new Map<number, number>();

/** Seconds after which a browser has to reconnect, and so to prove again that it is signed in. */
const longest = 5 * 60;
/** Seconds between comments, since proxies may close a silent connection. */
const heartbeat = 15;
/** Milliseconds. */
const betweenLooks = 1_000;

async function* events(
  companyId: number,
  clientGone: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  open.set(companyId, (open.get(companyId) ?? 0) + 1);
  const over = new AbortController();
  const end = () => over.abort();
  const ends = [clientGone, servingEnds];
  for (const signal of ends) signal.addEventListener("abort", end);
  if (ends.some(({ aborted }) => aborted)) end();
  try {
    yield "retry: 3000\n\n";
    for (let second = 1; second <= longest; second++) {
      if (await wasCalled(reading(), companyId)) {
        yield "event: call\ndata: came\n\n";
        return;
      }
      await sleep(betweenLooks, undefined, { signal: over.signal }).catch(end);
      if (over.signal.aborted) return;
      if (second % heartbeat === 0) yield ": nothing yet\n\n";
    }
  } finally {
    for (const signal of ends) signal.removeEventListener("abort", end);
    const left = (open.get(companyId) ?? 1) - 1;
    if (left > 0) open.set(companyId, left);
    else open.delete(companyId);
  }
}
