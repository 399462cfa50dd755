import { useEffect, useState } from "react";
import { useHydrated } from "#app/components/hydrated.ts";

interface CopyButtonProps {
  text: string;
  /** for those who cannot see what is beside the button */
  what: string;
}

type Outcome = "" | "Copied" | "Not copied";

/**
 * Copies `text`; only shown where the browser lets a page do so (JavaScript, and https or
 * localhost).
 */
export function CopyButton({ text, what }: CopyButtonProps) {
  const hydrated = useHydrated();
  const [outcome, setOutcome] = useState<Outcome>("");
  useEffect(() => {
    if (outcome === "") return;
    const timer = setTimeout(() => setOutcome(""), 4_000);
    return () => clearTimeout(timer);
  }, [outcome]);
  // Until then its place is kept (by style sheets, where scripts run), so that nothing moves when
  // it appears.
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
