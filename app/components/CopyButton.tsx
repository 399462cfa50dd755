import { useEffect, useState } from "react";
import { useHydrated } from "#app/components/hydrated.ts";

interface CopyButtonProps {
  text: string;
  /** for whoever cannot see what the button stands beside */
  what: string;
}

type Outcome = "" | "Copied" | "Not copied";

/** Copies `text`; there only where the browser lets a page do so (JavaScript, and https or localhost). */
export function CopyButton({ text, what }: CopyButtonProps) {
  const hydrated = useHydrated();
  const [outcome, setOutcome] = useState<Outcome>("");
  useEffect(() => {
    if (outcome === "") return;
    const timer = setTimeout(() => setOutcome(""), 4_000);
    return () => clearTimeout(timer);
  }, [outcome]);
  // Until it is known, its place is kept (style sheets do, where scripts run), so that nothing moves when it comes.
  if (!hydrated) return <span className="copy" />;
  if (!("clipboard" in navigator)) return null;
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setOutcome("Copied"),
      () => setOutcome("Not copied"),
    );
  };
  return (
    <span className="copy">
      <button type="button" className="button secondary" onClick={copy}>
        Copy<span className="visually-hidden"> {what}</span>
      </button>
      <span role="status">{outcome}</span>
    </span>
  );
}
