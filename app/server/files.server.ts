import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import path from "node:path";
import { acceptedEncoding, type Encoding } from "#app/server/encoding.server.ts";

/**
 * The files of the client build, served from memory: few, small, and unchanged while the process
 * lives.
 */

/** A file of the client build, with the headers of its answers. */
interface File {
  type: string;
  /** names below `assets/` change with their content */
  cacheControl: string;
  etag: string;
  bodies: { identity: Buffer } & Partial<Record<Encoding, Buffer>>;
}

/** An answer with its whole body. */
export interface FileAnswer {
  status: 200 | 304;
  headers: Record<string, string>;
  body: Buffer | undefined;
}

const types: Record<string, string> = {
  ".css": "text/css; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

const compressed = { br: ".br", gzip: ".gz" } as const;

/**
 * Reads the client build.
 * @param directory where the build put it; it does not exist on a platform that serves the files
 * itself
 * @returns a function that answers a request for a path, with undefined if no file has that path
 */
export function clientFiles(
  directory: string,
): (pathname: string, request: IncomingMessage) => FileAnswer | undefined {
  const files = new Map<string, File>();
  const names = existsSync(directory)
    ? readdirSync(directory, { recursive: true, encoding: "utf8" })
    : [];
  for (const name of names) {
    const type = types[path.extname(name)];
    if (type !== undefined && !/(^|[/\\])\./.test(name)) {
      const file = path.join(directory, name);
      files.set(`/${name.replaceAll(path.sep, "/")}`, readFile(file, type));
    }
  }
  return (pathname, request) => {
    const file = files.get(pathname);
    return file && answerWith(file, request);
  };
}

function readFile(file: string, type: string): File {
  const identity = readFileSync(file);
  const bodies: File["bodies"] = { identity };
  for (const [encoding, ending] of Object.entries(compressed)) {
    if (existsSync(file + ending)) {
      bodies[encoding as Encoding] = readFileSync(file + ending);
    }
  }
  return {
    type,
    cacheControl: /[/\\]assets[/\\]/.test(file)
      ? "public, max-age=31536000, immutable"
      : "public, max-age=0, must-revalidate",
    etag: createHash("sha256").update(identity).digest("base64url").slice(0, 22),
    bodies,
  };
}

function answerWith(file: File, request: IncomingMessage): FileAnswer {
  const encoding = acceptedEncoding(request);
  const packed = encoding && file.bodies[encoding];
  const etag = `"${file.etag}${packed ? `-${encoding}` : ""}"`;
  const common = {
    "Cache-Control": file.cacheControl,
    ETag: etag,
    Vary: "Accept-Encoding",
  };
  if (request.headers["if-none-match"]?.split(/\s*,\s*/).includes(etag)) {
    return { status: 304, headers: common, body: undefined };
  }
  const body = packed ?? file.bodies.identity;
  return {
    status: 200,
    headers: {
      ...common,
      "Content-Type": file.type,
      "Content-Length": String(body.byteLength),
      ...(packed && encoding && { "Content-Encoding": encoding }),
    },
    body,
  };
}
