import { createHash, timingSafeEqual } from "node:crypto";
import type { LoaderFunctionArgs } from "@remix-run/node";
import { environment } from "#app/env.server.ts";
import { plainText } from "#app/http/answers.server.ts";
import { metricsText } from "#app/log/metrics.server.ts";

/** Prometheus's scrape, with METRICS_TOKEN as the bearer; without one set there is no such page. */
export async function loader({ request }: LoaderFunctionArgs): Promise<Response> {
  const token = environment().METRICS_TOKEN;
  if (token === undefined) return plainText(404, "Not found");
  const given = /^Bearer +(\S+)$/i.exec(request.headers.get("Authorization") ?? "")?.[1];
  if (given === undefined || !isSame(given, token)) {
    return plainText(401, "A bearer token is needed", {
      "WWW-Authenticate": 'Bearer realm="metrics"',
    });
  }
  const { contentType, text } = await metricsText();
  return plainText(200, text.trimEnd(), { "Content-Type": contentType });
}

// Hashed to equal length, so that the time to compare reveals nothing.
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
