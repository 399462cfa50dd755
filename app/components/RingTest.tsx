import { Link, useRevalidator } from "@remix-run/react";
import { useEffect, useRef, useState } from "react";
import { Caller } from "#app/components/CallTable.tsx";
import { useHydrated } from "#app/components/hydrated.ts";
import { PhoneNumber } from "#app/components/PhoneNumber.tsx";
import type { ShownCall } from "#app/http/shown-call.server.ts";
import type { ShownNumber } from "#app/http/shown-number.server.ts";

interface RingTestProps {
  number: ShownNumber;
  /** whether a call has come */
  called: boolean;
  /** the first call, as long as it is news */
  proof: ShownCall | null;
}

/** How to get the first call. A demo number cannot be called, so nobody is told to. */
export function HowToTest({ number: { shown, demo } }: { number: ShownNumber }) {
  return demo ? (
    <>
      <PhoneNumber>{shown}</PhoneNumber> is a demo number: demo numbers take no calls.
    </>
  ) : (
    <>
      Call <PhoneNumber>{shown}</PhoneNumber> to test it.
    </>
  );
}

/**
 * Asks the owner to ring a new number, and says when the call has come: by itself with JavaScript,
 * otherwise when asked again. The part that changes is a live region, so it is read out and focus
 * stays where it is.
 */
export function RingTest({ number, called, proof }: RingTestProps) {
  const hydrated = useHydrated();
  const listening = useFirstCall(!called);
  return (
    <>
      {(!called || proof) && (
        <div role="status" className={proof ? "proof" : undefined}>
          {proof ? (
            <p>
              <strong>Your number works.</strong> Its first call came from <Caller call={proof} />{" "}
              on <time dateTime={proof.startedAt}>{proof.whenInFull}</time>.
            </p>
          ) : (
            <p>
              No calls yet. <HowToTest number={number} />
            </p>
          )}
        </div>
      )}
      {!called &&
        !number.demo &&
        (hydrated && listening ? (
          <p className="hint">Leave this page open: it tells you when your call comes.</p>
        ) : (
          <p>
            <Link className="button secondary" to="/dashboard" replace>
              Check for the call
            </Link>
          </p>
        ))}
    </>
  );
}

// Milliseconds; most visits are shorter and need no stream.
const beforeListening = 2_000;

/**
 * Loads the page's data again when the company's first call comes. It listens only while the page
 * is visible: a browser has few connections to a server, and background tabs would take them all.
 * @returns false if the server refuses to say
 */
function useFirstCall(wanted: boolean): boolean {
  const [told, setTold] = useState(true);
  const revalidator = useRevalidator();
  const latest = useRef(revalidator);
  useEffect(() => {
    latest.current = revalidator;
  });
  useEffect(() => {
    if (!wanted) return;
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = () => {
      clearTimeout(timer);
      source?.close();
      source = undefined;
    };
    const listen = () => {
      source = new EventSource("/dashboard/ring-test");
      source.addEventListener("call", () => {
        stop();
        latest.current.revalidate();
      });
      source.addEventListener("open", () => setTold(true));
      // While CONNECTING it retries by itself.
      source.addEventListener("error", () => {
        if (source?.readyState === EventSource.CLOSED) setTold(false);
      });
    };
    const follow = () => {
      stop();
      if (!document.hidden) timer = setTimeout(listen, beforeListening);
    };
    follow();
    document.addEventListener("visibilitychange", follow);
    return () => {
      stop();
      document.removeEventListener("visibilitychange", follow);
    };
  }, [wanted]);
  return told;
}
