import type { ActionFunctionArgs, ServerBuild } from "@remix-run/node";

type RouteModule = NonNullable<ServerBuild["routes"][string]>["module"];

/** Whether a route is a resource route: one that has neither a page nor an ErrorBoundary. */
export function isResource({ default: page, ErrorBoundary }: RouteModule): boolean {
  return page === undefined && ErrorBoundary === undefined;
}

/**
 * A resource route's answer, as Remix would give it, without matching the route again.
 * @throws whatever the route throws other than a Response
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
