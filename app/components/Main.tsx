import type { ReactNode } from "react";
import { useBehindModal } from "#app/components/behind-modal.ts";

/** The main content of a private page; a modal over it is its sibling, not its child. */
export function Main({ children }: { children: ReactNode }) {
  return (
    <main id="main" tabIndex={-1} {...useBehindModal()}>
      {children}
    </main>
  );
}
