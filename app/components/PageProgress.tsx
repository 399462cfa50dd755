import { useNavigation } from "@remix-run/react";
import { useEffect, useState } from "react";

/** Milliseconds in which a page comes without anybody wondering. */
const moment = 300;

/** That another page is on its way, where that takes longer than a moment: styles draw a bar, and the word is read out. */
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
