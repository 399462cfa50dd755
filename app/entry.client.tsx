import { RemixBrowser } from "@remix-run/react";
import { startTransition, useLayoutEffect, type ReactNode } from "react";
import { hydrateRoot } from "react-dom/client";
import { readSite } from "#app/components/site.ts";
import { keepTyped } from "#app/components/typed-before.ts";
import { tellUnreachable } from "#app/components/unreachable.ts";

readSite();
tellUnreachable();
const restoreTyped = keepTyped();

// Runs before the effects of its children, which read what is typed and chosen.
function Restoring({ children }: { children: ReactNode }) {
  useLayoutEffect(restoreTyped, []);
  return children;
}

startTransition(() => {
  hydrateRoot(
    document,
    <Restoring>
      <RemixBrowser />
    </Restoring>,
  );
});
