import { PhoneNumber } from "#app/components/PhoneNumber.tsx";
import type { NumberAlarm as Alarm } from "#app/http/number-alarm.server.ts";
import type { ShownNumber } from "#app/http/shown-number.server.ts";

interface NumberAlarmProps {
  number: ShownNumber;
  alarm: Alarm;
}

/** What is wrong with the company's number, and what to do. */
export function NumberAlarm({ number, alarm }: NumberAlarmProps) {
  return (
    <section className="card alarm" aria-labelledby="number-alarm">
      {alarm.what === "gone" ? (
        <>
          <h2 id="number-alarm">Calls do not reach you</h2>
          <p>
            The telephone company does not list <PhoneNumber>{number.shown}</PhoneNumber> as ours
            any more, as far as we know since{" "}
            <time dateTime={alarm.since.at}>{alarm.since.shown}</time>. The number stays yours here,
            and whoever runs this service has been alarmed to get it back.
            {alarm.support !== null && (
              <>
                {" "}
                Write to <a href={`mailto:${alarm.support}`}>{alarm.support}</a> with any question.
              </>
            )}
          </p>
        </>
      ) : (
        <>
          <h2 id="number-alarm">Ring your number once</h2>
          <p>
            Nobody has called <PhoneNumber>{number.shown}</PhoneNumber> for {alarm.days} days.
            Telephone companies may take back numbers that are not in use: call it from any phone,
            and stay on the line for a quarter of a minute. This goes away when the call has come.
          </p>
        </>
      )}
    </section>
  );
}
