/**
 * The function that Vercel runs for every path that is no file of the client build (see vercel.json).
 * Elsewhere `npm start` serves, through remix-serve; this does for one request what remix-serve does.
 */
import diagnostics from "node:diagnostics_channel";
import {
  createReadableStreamFromReadable,
  createRequestHandler,
  writeReadableStreamToWritable,
} from "@remix-run/node";

/** @type {import("@remix-run/node").ServerBuild} */
const build = await import(
  // @ts-ignore: made by `npm run build`
  "../build/server/index.js"
);
const answer = createRequestHandler(build, "production");
const requestStart = diagnostics.channel("http.server.request.start");

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 */
export default async function handle(request, response) {
  // Headers for every answer come by Node's own message on a request; should Vercel's server not send it, we do.
  if (!response.hasHeader("X-Request-Id")) {
    requestStart.publish({ request, response });
  }
  // As Express does where it calls a route: the log tells pages from files by it.
  Object.assign(request, { route: {} });
  try {
    await send(response, await answer(webRequest(request, response)));
  } catch (error) {
    console.error(error);
    if (!response.headersSent) response.statusCode = 500;
    response.end();
  }
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 */
function webRequest(request, response) {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  const aborted = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) aborted.abort();
  });
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  return new Request(`https://${request.headers.host}${request.url}`, {
    method: request.method,
    headers,
    signal: aborted.signal,
    ...(hasBody && {
      body: createReadableStreamFromReadable(request),
      duplex: "half",
    }),
  });
}

/**
 * @param {import("node:http").ServerResponse} response
 * @param {Response} answered
 */
async function send(response, answered) {
  response.statusCode = answered.status;
  for (const [name, value] of answered.headers) {
    response.appendHeader(name, value);
  }
  if (answered.body) {
    await writeReadableStreamToWritable(answered.body, response);
  } else response.end();
}
