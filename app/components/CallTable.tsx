import { MessagePlayer } from "#app/components/MessagePlayer.tsx";
import { PhoneNumber } from "#app/components/PhoneNumber.tsx";
import type { ShownCall } from "#app/http/shown-call.server.ts";

interface CallTableProps {
  /** in order of their days */
  calls: ShownCall[];
  /** for those who cannot see the heading above the table */
  caption: string;
  /** the query, with its `?`, of the page of calls: actions on a call lead back there */
  query?: string;
}

/**
 * Calls, one per row, under the days on which they came. Where there is no room for columns, style
 * sheets stack the cells of a row; some browsers then no longer treat it as a table, so its
 * elements state their roles.
 */
export function CallTable({ calls, caption, query = "" }: CallTableProps) {
  return (
    <table className="calls" role="table">
      <caption className="visually-hidden">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {["Time", "What happened", "Caller", "Length"].map((name) => (
            <th key={name} role="columnheader" scope="col">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      {byDay(calls).map(([day, ofDay]) => (
        <tbody key={day} role="rowgroup">
          <tr role="row" className="day">
            <th role="rowheader" scope="rowgroup" colSpan={4}>
              {day}
            </th>
          </tr>
          {ofDay.map((call) => (
            <CallRow key={call.callSid} call={call} query={query} />
          ))}
        </tbody>
      ))}
    </table>
  );
}

function byDay(calls: ShownCall[]): [day: string, calls: ShownCall[]][] {
  const days = new Map<string, ShownCall[]>();
  for (const call of calls) days.set(call.day, [...(days.get(call.day) ?? []), call]);
  return [...days];
}

function CallRow({ call, query }: { call: ShownCall; query: string }) {
  return (
    <tr role="row">
      <td role="cell">
        <time dateTime={call.startedAt} title={call.whenInFull}>
          {call.time}
        </time>
      </td>
      <td role="cell">
        <span className={`outcome ${call.kind}`}>
          <Icon kind={call.kind} /> {call.outcome}
        </span>{" "}
        {call.reason && <span className="hint">{call.reason}</span>}
        {call.message && <MessagePlayer call={call} message={call.message} query={query} />}
      </td>
      <th role="rowheader" scope="row">
        <Caller call={call} /> {call.blockable && <BlockCaller call={call} query={query} />}
      </th>
      <td role="cell" className="number">
        {call.length ?? <span className="visually-hidden">Not known</span>}
      </td>
    </tr>
  );
}

/**
 * The caller: a number that can be called back and never wraps, or whatever else the network said.
 */
export function Caller({ call: { caller, callBack } }: { call: ShownCall }) {
  const shown = caller.startsWith("+") ? <PhoneNumber>{caller}</PhoneNumber> : caller;
  return callBack === null ? shown : <a href={callBack}>{shown}</a>;
}

/** One press blocks; Settings lifts the block just as quickly. */
function BlockCaller({ call: { callSid, caller }, query }: { call: ShownCall; query: string }) {
  return (
    <form method="post" action={`/calls/${callSid}/block${query}`} className="block-caller">
      <input type="hidden" name="block" value="yes" />
      <button type="submit" className="button quiet">
        Block<span className="visually-hidden"> {caller}</span>
      </button>
    </form>
  );
}

const ring = "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13";

/** Lines in a 16 by 16 square. */
const icons: Record<ShownCall["kind"], string> = {
  answered: "M2.5 8.5 6 12l7.5-8",
  message:
    "M1.5 8a2.5 2.5 0 1 0 5 0 2.5 2.5 0 1 0-5 0m8 0a2.5 2.5 0 1 0 5 0 2.5 2.5 0 1 0-5 0M4 10.5h8",
  missed: "M14 4 8 10 2.5 4.5M2.5 9V4.5H7",
  busy: `${ring}M5 8h6`,
  failed: "M3.5 3.5l9 9m0-9l-9 9",
  blocked: `${ring}M3.5 3.5l9 9`,
  "in-progress": `${ring}M8 4.5V8l2.5 1.5`,
  unknown: "M5 5.5a3 3 0 1 1 4 2.8Q8 8.8 8 10m0 2.5v.5",
};

function Icon({ kind }: { kind: ShownCall["kind"] }) {
  return (
    <svg aria-hidden="true" width="16" height="16" viewBox="0 0 16 16">
      <path d={icons[kind]} />
    </svg>
  );
}
