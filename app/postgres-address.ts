/** What a `postgres://…` address leads to, as pg and psql read it. */
export interface PostgresAddress {
  /** a name, an IP address, or the directory of a socket */
  host: string;
  port: string;
  database: string;
  user: string;
  password: string;
  /** `?pgbouncer=true`: a pooler in transaction mode stands in front */
  isPooler: boolean;
}

// The host may be missing or in the query, but `new URL` insists on one if there is a user.
const noHost = "no-host.invalid";

/** Splits `databaseUrl` into unescaped parts; undefined if it is not such an address. */
export function postgresAddress(databaseUrl: string): PostgresAddress | undefined {
  const withHost = URL.canParse(databaseUrl)
    ? databaseUrl
    : databaseUrl.replace("@/", `@${noHost}/`);
  if (!/^postgres(ql)?:\/\//.test(databaseUrl) || !URL.canParse(withHost)) return undefined;
  const url = new URL(withHost);
  const hostname = url.hostname === noHost ? "" : unescaped(url.hostname);
  const told = (name: string) => url.searchParams.get(name) || undefined;
  const user = told("user") ?? unescaped(url.username);
  return {
    host: told("host") ?? (hostname || process.env.PGHOST || "localhost"),
    port: told("port") ?? (url.port || process.env.PGPORT || "5432"),
    database: unescaped(url.pathname.slice(1)) || process.env.PGDATABASE || user,
    user,
    password: told("password") ?? unescaped(url.password),
    isPooler: told("pgbouncer") === "true",
  };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
