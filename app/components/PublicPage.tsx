import type { ReactNode } from "react";
import { Brand } from "#app/components/Brand.tsx";

/** A page for whoever is not signed in, and one that shows an error. */
export function PublicPage({ children }: { children: ReactNode }) {
  return (
    <>
      <header className="site-header narrow">
        <Brand />
      </header>
      <main className="narrow" id="main">
        {children}
      </main>
    </>
  );
}
