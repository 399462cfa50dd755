import { MessagePlayer } from "#app/components/MessagePlayer.tsx";
import { PhoneNumber } from "#app/components/PhoneNumber.tsx";
import type { ShownCall } from "#app/http/shown-call.server.ts";

interface CallTableProps {
  calls: ShownCall[];
  /** for whoever cannot see what the table stands under */
  caption: string;
}

/**
 * Calls, one a row. Where there is no room for columns, style sheets lay the cells of a row under each other; the roles
 * say what a table's elements say by themselves, because some browsers then forget that it is one.
 */
export function CallTable({ calls, caption }: CallTableProps) {
  return (
    <table className="calls" role="table">
      <caption className="visually-hidden">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">
            Time
          </th>
          <th role="columnheader" scope="col">
            Caller
          </th>
          <th role="columnheader" scope="col">
            What happened
          </th>
          <th role="columnheader" scope="col" className="number">
            Length
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {calls.map((call) => (
          <CallRow key={call.callSid} call={call} />
        ))}
      </tbody>
    </table>
  );
}

function CallRow({ call }: { call: ShownCall }) {
  return (
    <tr role="row">
      <td role="cell">
        <time dateTime={call.startedAt} title={call.whenInFull}>
          {call.when}
        </time>
      </td>
      <th role="rowheader" scope="row">
        <Caller call={call} />
        {call.blockable && <BlockCaller call={call} />}
      </th>
      <td role="cell">
        {call.outcome} <span className="hint">{call.reason}</span>
        {call.message && <MessagePlayer call={call} message={call.message} />}
      </td>
      <td role="cell" className="number">
        {call.length ?? <span className="visually-hidden">Not over yet</span>}
      </td>
    </tr>
  );
}

/** Who called, as a number that does not break or as whatever else the network said. */
export function Caller({ call: { caller } }: { call: ShownCall }) {
  return caller.startsWith("+") ? <PhoneNumber>{caller}</PhoneNumber> : caller;
}

/** One press blocks: it can be lifted in Settings as quickly. */
function BlockCaller({ call: { callSid, caller } }: { call: ShownCall }) {
  return (
    <form method="post" action={`/calls/${callSid}/block`} className="block-caller">
      <button type="submit" name="block" value="yes" className="button quiet">
        Block<span className="visually-hidden"> {caller}</span>
      </button>
    </form>
  );
}
