import { lightOf, type LightClass } from "#app/server/light.server.ts";

// Made on first use, from the class that is global then: remix-serve sets its own after loading the
// build.
let LightResponse: LightClass<Response> | undefined;
const bodies = new WeakMap<Response, string | Buffer<ArrayBuffer>>();

/** A response whose whole body is at hand: the listener sends it without a stream in between. */
export function wholeResponse(
  body: string | Buffer<ArrayBuffer>,
  status: number,
  headersOf: HeadersInit,
): Response {
  const headers = new Headers(headersOf);
  const known = { status, ok: status >= 200 && status < 300, headers };
  LightResponse ??= lightOf(Response);
  const response = new LightResponse(known, () => new Response(body, { status, headers }));
  bodies.set(response, body);
  return response;
}

/** The body of a {@link wholeResponse}, undefined for any other. */
export function wholeBodyOf(response: Response): Buffer | undefined {
  const body = bodies.get(response);
  return typeof body === "string" ? Buffer.from(body) : body;
}
