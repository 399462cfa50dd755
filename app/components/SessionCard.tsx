import type { ShownSession } from "#app/http/shown-session.server.ts";

interface SessionCardProps {
  session: ShownSession;
  /** the path that ends it */
  endedAt: string;
}

/** A session as its company sees it, with a button that ends it if it is another browser's. */
export function SessionCard({ session, endedAt }: SessionCardProps) {
  const { ref, device, address, begun, seen, own } = session;
  return (
    <li className="card">
      <div>
        <h2 id={`session-${ref}`}>
          <bdi>{device}</bdi>
        </h2>
        {own && <p className="hint">This browser</p>}
      </div>
      <dl className="facts">
        <div>
          <dt>Address</dt> <dd>{address ?? "Unknown"}</dd>
        </div>
        <div>
          <dt>Signed in</dt>{" "}
          <dd>
            <time dateTime={begun.at}>{begun.shown}</time>
          </dd>
        </div>
        <div>
          <dt>Last seen</dt>{" "}
          <dd>
            <time dateTime={seen.at}>{seen.shown}</time>
          </dd>
        </div>
      </dl>
      {!own && (
        <form method="post" action={endedAt}>
          <button
            type="submit"
            className="button secondary"
            name="session"
            value={ref}
            aria-describedby={`session-${ref}`}
          >
            End session
          </button>
        </form>
      )}
    </li>
  );
}
