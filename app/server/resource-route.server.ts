import type { ActionFunctionArgs, ServerBuild } from "@remix-run/node";

type RouteModule = NonNullable<ServerBuild["routes"][string]>["module"];

/** Whether a route is a resource route: one that is no page and has none to show an error in. */
export function isResource({ default: page, ErrorBoundary }: RouteModule): boolean {
  return page === undefined && ErrorBoundary === undefined;
}

/**
 * What a resource route answers, as Remix would have it but without looking for the route again.
 * @throws what the route throws and is no Response
 */
export async function answerOfResource(
  { loader, action }: RouteModule,
  args: ActionFunctionArgs,
): Promise<Response> {
  const handler = /^(GET|HEAD|OPTIONS)$/.test(args.request.method) ? loader : action;
  if (!handler) return new Response(null, { status: 405 });
  let answer: unknown;
  try {
    answer = await handler(args);
  } catch (thrown) {
    if (!(thrown instanceof Response)) throw thrown;
    answer = thrown;
  }
  if (answer instanceof Response) return answer;
  throw new TypeError("a resource route has not answered with a Response");
}
