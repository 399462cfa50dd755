import { Link, useRevalidator } from "@remix-run/react";
import type { ShownCall, ShownMessage } from "#app/http/shown-call.server.ts";

interface MessagePlayerProps {
  call: ShownCall;
  message: ShownMessage;
}

/** Plays a message; what plays it has no sound before somebody asks. Played, it counts as heard, also in the navigation. */
export function MessagePlayer({ call, message: { address, state } }: MessagePlayerProps) {
  const revalidator = useRevalidator();
  if (address === null) {
    return state === "deleted" ? <p className="message hint">The message was deleted.</p> : null;
  }
  const of = (
    <span className="visually-hidden">
      {" "}
      the message of {call.caller}, {call.when}
    </span>
  );
  return (
    <div className="message">
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
      />
      <a href={`${address}?download=1`}>Download{of}</a>{" "}
      <Link to={`${address}/delete`}>Delete{of}</Link>
    </div>
  );
}
