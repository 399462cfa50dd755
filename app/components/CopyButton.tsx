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
  const possible = useHydrated() && "clipboard" in navigator;
  const [outcome, setOutcome] = useState<Outcome>("");
  useEffect(() => {
    if (outcome === "") return;
    const timer = setTimeout(() => setOutcome(""), 4_000);
    return () => clearTimeout(timer);
  }, [outcome]);
  if (!possible) return null;
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
