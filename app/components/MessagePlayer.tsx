import { Link, useRevalidator } from "@remix-run/react";
import type { ShownCall, ShownMessage } from "#app/http/shown-call.server.ts";

interface MessagePlayerProps {
  call: ShownCall;
  message: ShownMessage;
  /** the query, with its `?`, of the page of calls */
  query: string;
}

/**
 * Plays a message, loading its sound only on request. Once played it counts as heard, in the
 * navigation too.
 */
export function MessagePlayer({ call, message, query }: MessagePlayerProps) {
  const { address, state, waits } = message;
  const revalidator = useRevalidator();
  if (address === null) return state === "deleted" ? <Deleted waits={waits} /> : null;
  const of = (
    <span className="visually-hidden">
      {" "}
      the message of {call.caller}, {call.when}
    </span>
  );
  return (
    <div className="voice">
      {state === "unheard" && <strong>Not heard yet</strong>}{" "}
      {/* oxlint-disable-next-line jsx-a11y/media-has-caption -- nobody has written down what callers say */}
      <audio
        controls
        preload="none"
        src={address}
        aria-label={`Message of ${call.caller}, ${call.when}`}
        onPlaying={() => {
          if (state === "unheard") revalidator.revalidate();
        }}
      />{" "}
      <a href={`${address}?download=1`}>Download{of}</a>{" "}
      <Link to={`${address}/delete${query}`}>Delete{of}</Link>
    </div>
  );
}

/** @param waits whether Twilio still has it */
function Deleted({ waits }: { waits: boolean }) {
  return (
    <span className="hint">
      The message was deleted
      {waits
        ? " here. At the telephone company that did not work yet; it is tried again until it does."
        : "."}
    </span>
  );
}
