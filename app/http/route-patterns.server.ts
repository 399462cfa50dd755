/**
 * Which route a path belongs to, for log lines and metrics: a handful of names (`/settings/phone`, `/api/calls/:id`)
 * in place of all the paths that anyone can think of.
 */

/** As in Remix's server build. */
interface Route {
  id: string;
  parentId?: string | undefined;
  path?: string | undefined;
  index?: boolean | undefined;
}

interface Pattern {
  pattern: string;
  expression: RegExp;
  /** a higher one is preferred, as Remix does */
  rank: number;
}

/** Finds the route of paths. */
export type RouteFinder = (pathname: string) => {
  /** `/companies/:id`, or `unmatched` */
  route: string;
  /** the path as it may be logged: what stands in place of a parameter that is secret is left out */
  path: string;
};

const longestPath = 500;

/** @param routes of the server build */
export function routeFinder(
  routes: Record<string, Route | undefined>,
): RouteFinder {
  const patterns = Object.values(routes)
    .filter((route) => route !== undefined)
    .filter((route) => route.path !== undefined || route.index)
    .map((route) => patternOf(fullPath(routes, route)))
    .sort((a, b) => b.rank - a.rank);
  return (pathname) => {
    const logged = pathname.slice(0, longestPath);
    const path = pagePath(logged);
    for (const { pattern, expression } of patterns) {
      const match = expression.exec(path);
      if (match) {
        return { route: pattern, path: withoutSecrets(logged, match.groups) };
      }
    }
    return { route: "unmatched", path: logged };
  };
}

function fullPath(
  routes: Record<string, Route | undefined>,
  route: Route,
): string {
  const parent = route.parentId ? routes[route.parentId] : undefined;
  const above = parent ? fullPath(routes, parent) : "";
  return route.path ? `${above}/${route.path}` : above;
}

function patternOf(path: string): Pattern {
  const segments = path.split("/").filter((segment) => segment !== "");
  let expression = "^";
  let rank = segments.length;
  for (const segment of segments) {
    const optional = segment.endsWith("?");
    const name = optional ? segment.slice(0, -1) : segment;
    if (name === "*") {
      expression += "(?:/.*)?";
      rank -= 2;
    } else {
      const parameter = name.startsWith(":");
      const part = parameter
        ? `(?<${name.slice(1).replaceAll("-", "_")}>[^/]+)`
        : name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      expression += optional ? `(?:/${part})?` : `/${part}`;
      rank += parameter ? 3 : 10;
    }
  }
  return {
    pattern: `/${segments.join("/")}`,
    expression: new RegExp(`${expression}/?$`, "i"),
    rank,
  };
}

// Single fetch asks for the data of a page under the page's path and `.data`.
function pagePath(path: string): string {
  const page = path.endsWith(".data") ? path.slice(0, -".data".length) : path;
  return page === "/_root" ? "/" : page;
}

function withoutSecrets(
  path: string,
  parameters: Record<string, string> | undefined,
): string {
  for (const [name, value] of Object.entries(parameters ?? {})) {
    if (/token|secret|code|key/i.test(name)) {
      path = path.replace(value, `:${name}`);
    }
  }
  return path;
}
