import { data } from "@remix-run/node";
import { NavLink, Outlet, type ShouldRevalidateFunction } from "@remix-run/react";
import { Brand } from "#app/components/Brand.tsx";
import { useBehindModal } from "#app/components/behind-modal.ts";
import { isUntouchedBehind, refreshUnlessCutOff } from "#app/components/refresh.ts";
import { companyLoader } from "#app/http/page.server.ts";
import { signedIn } from "#app/http/session.server.ts";

/** Keeps the session's cookie alive. It speaks for no other route: loaders run side by side, so each authorises itself. */
export const loader = companyLoader(async (page) => {
  const setCookie = (await signedIn(page))?.setCookie;
  return data(null, { headers: setCookie ? { "Set-Cookie": setCookie } : {} });
});

export const shouldRevalidate: ShouldRevalidateFunction = (change) =>
  refreshUnlessCutOff(change) && !isUntouchedBehind(change);

/** What every private page has around it. */
export default function PrivatePages() {
  return (
    <>
      <header className="site-header" {...useBehindModal()}>
        <a className="skip-link" href="#main">
          Skip to main content
        </a>{" "}
        <Brand />
        <nav aria-label="Main">
          <ul>
            <li>
              <NavLink to="/dashboard">Dashboard</NavLink>
            </li>
            <li>
              <NavLink to="/calls">Calls</NavLink>
            </li>
            <li>
              <NavLink to="/settings">Settings</NavLink>
            </li>
            <li>
              <form method="post" action="/logout">
                {/* It has a name because lynx sends a form without a field as a GET. */}
                <button type="submit" name="log_out" value="yes">
                  Log out
                </button>
              </form>
            </li>
          </ul>
        </nav>
      </header>
      <Outlet />
    </>
  );
}
