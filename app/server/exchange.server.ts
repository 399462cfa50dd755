import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { AppLoadContext } from "@remix-run/node";
import { environment } from "#app/env.server.ts";
import { ipAddress } from "#app/ip-address.ts";
import { comesFromThisSite } from "#app/server/same-site.server.ts";

/**
 * What is known of a request besides its own content. An exchange travels with it, as Remix's load
 * context, from the listener through loaders and actions to the answer and its line in the log.
 */
export interface Exchange {
  /** the client's own if it is sane, else ours; the answer carries it as `X-Request-Id` */
  readonly requestId: string;
  /** the client's address; behind our own proxies, the one that they vouch for */
  readonly address: string;
  /** the requested method and path; the path without its query and secrets */
  readonly method: string;
  readonly path: string;
  /** true if the request may act, false if another site sent it; undefined if not checked yet */
  readonly sameSite?: boolean | undefined;
  /** for a page's scripts: its Content-Security-Policy allows those that carry it */
  readonly nonce: string;
  /** the company making the request, once known */
  companyId?: number;
  /** the API token that it came with */
  tokenId?: number;
}

declare module "@remix-run/node" {
  interface AppLoadContext {
    exchange?: Exchange;
  }
}

/** What loaders and actions are called with, except their parameters. */
export interface Asked {
  request: Request;
  context: AppLoadContext;
}

/**
 * The exchange that a loader, an action or a page is part of; made here if a server other than ours
 * provides none.
 */
export function exchangeOf(context: AppLoadContext): Exchange {
  context.exchange ??= {
    requestId: randomUUID(),
    address: "unknown",
    method: "",
    path: "",
    nonce: newNonce(),
  };
  return context.exchange;
}

/** @param path as it may be logged */
export function beginExchange(request: IncomingMessage, path: string): Exchange {
  const { method = "GET", headers } = request;
  let nonce: string | undefined;
  return {
    requestId: requestIdOf(request),
    address: clientAddress(request),
    method,
    path,
    sameSite: comesFromThisSite(method, (name) => headers[name] as string | undefined),
    // Only pages need it.
    get nonce() {
      return (nonce ??= newNonce());
    },
  };
}

/** 128 random bits. */
function newNonce(): string {
  return randomBytes(16).toString("base64");
}

/** The id that a client gave its request if it is fit for a log, else a new one. */
function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers["x-request-id"];
  return typeof given === "string" && /^[\w.:=+/-]{8,128}$/.test(given) ? given : randomUUID();
}

/**
 * The client's address, as far as our own proxies vouch for it. Each proxy appends its caller's
 * address on the right, so the position alone tells who wrote an entry. An entry that is not an
 * address (`unknown`) stands for the proxy that wrote it, whose own address is the next one.
 */
function clientAddress({ headers, socket }: IncomingMessage): string {
  const entries = [headers["x-forwarded-for"] ?? ""].flat().join(",").split(",");
  for (let position = environment().TRUST_PROXY; position > 0; position--) {
    const address = ipAddress(entries.at(-position)?.trim() ?? "");
    if (address !== undefined) return address;
  }
  return ipAddress(socket.remoteAddress ?? "") ?? "unknown";
}
