import type { ActionFunctionArgs, ServerBuild } from "@remix-run/node";

type RouteModule = NonNullable<ServerBuild["routes"][string]>["module"];

/** Whether a route is a resource route: one that has neither a page nor an ErrorBoundary. */
export function isResource({ default: page, ErrorBoundary }: RouteModule): boolean {
  return page === undefined && ErrorBoundary === undefined;
}

/** Whether a route answers every method itself, as those of the JSON API do. */
export function answersEveryMethod({ loader, action }: RouteModule): boolean {
  return loader !== undefined && loader === action;
}

/** The methods of a route that does not answer every one, for `Allow`. */
export function methodsOf(module: RouteModule): string {
  const reads = module.loader !== undefined || module.default !== undefined;
  return [...(reads ? ["GET", "HEAD"] : []), ...(module.action ? ["POST"] : [])].join(", ");
}

/**
 * A resource route's answer, as Remix would give it, without matching the route again.
 * @throws whatever the route throws other than a Response
 */
export async function answerOfResource(
  module: RouteModule,
  args: ActionFunctionArgs,
): Promise<Response> {
  const { method } = args.request;
  const isMeant = answersEveryMethod(module) || /^(GET|HEAD|POST)$/.test(method);
  const handler = isMeant && (/^(GET|HEAD)$/.test(method) ? module.loader : module.action);
  if (!handler) return new Response(null, { status: 405, headers: { Allow: methodsOf(module) } });
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
