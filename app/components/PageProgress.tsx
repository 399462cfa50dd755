import { useNavigation } from "@remix-run/react";
import { useEffect, useState } from "react";

/** Milliseconds that a page may take before anybody wonders. */
const moment = 300;

/**
 * Says that another page is on its way, if it takes more than a moment: styles draw a bar, and the
 * word is read out.
 */
export function PageProgress() {
  const isUnderWay = useNavigation().state !== "idle";
  const [isSlow, setSlow] = useState(false);
  useEffect(() => {
    if (!isUnderWay) return;
    const timer = setTimeout(() => setSlow(true), moment);
    return () => {
      clearTimeout(timer);
      setSlow(false);
    };
  }, [isUnderWay]);
  return (
    <div className="page-progress" role="status">
      {isSlow && <span className="visually-hidden">Loading…</span>}
    </div>
  );
}
