import type { ShownEvent } from "#app/http/shown-event.server.ts";

/** What has happened to an account recently. */
export function SecurityEvents({ events }: { events: ShownEvent[] }) {
  return (
    <section className="card" aria-labelledby="events">
      <h2 id="events">Recent events</h2>
      <p>If you do not know one of them, change your password.</p>
      <ul className="events">
        {events.map(({ id, what, who, time }) => (
          <li key={id}>
            {what}
            <span className="hint">
              {" "}
              <time dateTime={time.at}>{time.shown}</time>, {who}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
