import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { AppLoadContext } from "@remix-run/node";
import { environment } from "#app/env.server.ts";
import { ipAddress } from "#app/ip-address.ts";
import { comesFromThisSite } from "#app/server/same-site.server.ts";

/**
 * What is known of a request beside what it says: an exchange travels with it, as Remix's load context, from the
 * listener through loaders and actions to the answer and its line in the log.
 */
export interface Exchange {
  /** the client's own where it is sane, else ours; the answer carries it as `X-Request-Id` */
  readonly requestId: string;
  /** the client's address; of a client behind proxies of ours, the one that they vouch for */
  readonly address: string;
  /** the method and path that were asked for, the path without its query, and with secrets left out */
  readonly method: string;
  readonly path: string;
  /** whether the request may act, or was sent by another site; undefined where nobody has looked yet */
  readonly sameSite?: boolean | undefined;
  /** for the scripts of a page: its Content-Security-Policy allows those that have it */
  readonly nonce: string;
  /** whose request it is, once that is known */
  companyId?: number;
  /** the API token that it came with */
  tokenId?: number;
}

declare module "@remix-run/node" {
  interface AppLoadContext {
    exchange?: Exchange;
  }
}

/** What loaders and actions are called with, as far as everything but their parameters goes. */
export interface Asked {
  request: Request;
  context: AppLoadContext;
}

/** The exchange that a loader, an action or a page is part of; another server than ours gives none, so it gets one. */
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

/** The id that a client gave its request, if it is one that can stand in a log, else a new one. */
function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers["x-request-id"];
  return typeof given === "string" && /^[\w.:=+/-]{8,128}$/.test(given) ? given : randomUUID();
}

/**
 * The address of the last client that no proxy of ours vouches for. Each proxy adds the address of whoever called it at
 * the right, so that the position alone tells who wrote an entry; one that is no address (`unknown`) stands for the
 * proxy that wrote it, whose own address is the next one.
 */
function clientAddress({ headers, socket }: IncomingMessage): string {
  const entries = [headers["x-forwarded-for"] ?? ""].flat().join(",").split(",");
  for (let position = environment().TRUST_PROXY; position > 0; position--) {
    const address = ipAddress(entries.at(-position)?.trim() ?? "");
    if (address !== undefined) return address;
  }
  return ipAddress(socket.remoteAddress ?? "") ?? "unknown";
}
