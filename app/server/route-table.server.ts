import type { ServerBuild } from "@remix-run/node";

/**
 * Which route a path belongs to. The table is made once from the server build; fixed paths are
 * looked up in a map, and only paths with parameters are matched by pattern.
 */

type Routes = ServerBuild["routes"];
type Route = Pick<NonNullable<Routes[string]>, "id" | "parentId" | "path" | "index">;

/** A route with its own path, and its name in the log and metrics. */
export interface Place {
  /** its id in the build */
  id: string;
  /**
   * `/settings/phone`, `/api/calls/:id`: a handful of names instead of every path anyone can think
   * of
   */
  pattern: string;
}

/** What a path leads to. */
export interface Found {
  /** undefined if no route has the path */
  place: Place | undefined;
  params: Record<string, string>;
  /** the path as it may be logged: the values of secret parameters are left out */
  path: string;
}

export type FindRoute = (pathname: string) => Found;

interface Pattern extends Place {
  expression: RegExp;
  names: string[];
  /** the higher one wins, as in Remix */
  rank: number;
}

const longestPath = 500;

/** @param routes of the server build */
export function routeTable(routes: Record<string, Route | undefined>): FindRoute {
  const fixed = new Map<string, Place>();
  const patterns: Pattern[] = [];
  for (const route of Object.values(routes)) {
    if (!route || (route.path === undefined && !route.index)) continue;
    const pattern = patternOf(route.id, fullPath(routes, route));
    if (/[:*?]/.test(pattern.pattern)) patterns.push(pattern);
    // If a layout and its index share a path, the path shows the index.
    else if (route.index || !fixed.has(keyOf(pattern.pattern))) {
      fixed.set(keyOf(pattern.pattern), pattern);
    }
  }
  patterns.sort((a, b) => b.rank - a.rank);

  return (pathname) => {
    const path = pathname.slice(0, longestPath);
    const key = keyOf(decoded(pagePath(pathname)));
    const place = fixed.get(key);
    if (place) return { place, params: {}, path };
    for (const pattern of patterns) {
      const match = pattern.expression.exec(pagePath(pathname));
      if (!match) continue;
      const values = match.slice(1).map((value) => value ?? "");
      const params = Object.fromEntries(
        pattern.names.map((name, at) => [name, decoded(values[at] ?? "")]),
      );
      return {
        place: pattern,
        params,
        path: withoutSecrets(path, pattern.names, values),
      };
    }
    return { place: undefined, params: {}, path };
  };
}

/** The ids of a route and its parents, outermost first. */
export function chainOf(routes: Record<string, Route | undefined>, id: string): string[] {
  const parent = routes[id]?.parentId;
  return [...(parent === undefined ? [] : chainOf(routes, parent)), id];
}

function fullPath(routes: Record<string, Route | undefined>, route: Route): string {
  return chainOf(routes, route.id)
    .flatMap((id) => routes[id]?.path || [])
    .join("/");
}

// Remix's own matching is just as forgiving.
function keyOf(path: string): string {
  return path.toLowerCase().replace(/\/+$/, "") || "/";
}

function patternOf(id: string, path: string): Pattern {
  const segments = path.split("/").filter((segment) => segment !== "");
  const names: string[] = [];
  let expression = "^";
  let rank = segments.length;
  for (const segment of segments) {
    const optional = segment.endsWith("?");
    const name = optional ? segment.slice(0, -1) : segment;
    if (name === "*") {
      expression += "(?:/(.*))?";
      names.push("*");
      rank -= 2;
    } else {
      const parameter = name.startsWith(":");
      if (parameter) names.push(name.slice(1));
      const part = parameter ? "([^/]+)" : name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      expression += optional ? `(?:/${part})?` : `/${part}`;
      rank += parameter ? 3 : 10;
    }
  }
  return {
    id,
    pattern: `/${segments.join("/")}`,
    expression: new RegExp(`${expression}/*$`, "i"),
    names,
    rank,
  };
}

// Single fetch asks for a page's data at the page's path plus `.data`.
function pagePath(path: string): string {
  const page = path.endsWith(".data") ? path.slice(0, -".data".length) : path;
  return page === "/_root" ? "/" : page;
}

function decoded(text: string): string {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function withoutSecrets(path: string, names: string[], values: string[]): string {
  names.forEach((name, at) => {
    if (/token|secret|code|key/i.test(name)) {
      path = path.replace(values[at] ?? "", `:${name}`);
    }
  });
  return path;
}
