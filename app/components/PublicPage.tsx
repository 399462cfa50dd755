import type { ReactNode } from "react";
import { Brand } from "#app/components/Brand.tsx";
import { SiteFooter } from "#app/components/SiteFooter.tsx";

/** A page for visitors who are not signed in, or for an error. */
export function PublicPage({
  wide = false,
  children,
}: {
  /** for a page with more to show than a form */
  wide?: boolean;
  children: ReactNode;
}) {
  const width = wide ? "" : " narrow";
  return (
    <>
      <header className={`site-header${width}`}>
        <Brand />
      </header>
      <main className={width.trim() || undefined} id="main">
        {children}
      </main>
      <SiteFooter />
    </>
  );
}
