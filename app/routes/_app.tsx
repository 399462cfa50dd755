import { NavLink, Outlet } from "@remix-run/react";
import { Brand } from "#app/components/Brand.tsx";
import { SiteFooter } from "#app/components/SiteFooter.tsx";
import { useBehindModal } from "#app/components/behind-modal.ts";
import { useUnheardMessages } from "#app/components/unheard-messages.ts";

/** The frame around every private page. */
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
              <NavLink to="/calls">
                Calls
                <UnheardMessages />
              </NavLink>
            </li>
            <li>
              <NavLink to="/settings">Settings</NavLink>
            </li>
            <li>
              <form method="post" action="/logout">
                {/* Lynx sends a form without a field as a GET, and shows a button's value. */}
                <input type="hidden" name="log_out" value="yes" />
                <button type="submit">Log out</button>
              </form>
            </li>
          </ul>
        </nav>
      </header>
      <Outlet />
      <SiteFooter />
    </>
  );
}

/** Above this, no exact count is shown. */
const mostShown = 99;

function UnheardMessages() {
  const count = useUnheardMessages();
  if (count === 0) return null;
  const shown = count > mostShown ? `${mostShown}+` : String(count);
  return (
    <>
      {" "}
      <span className="count">
        {shown}
        <span className="visually-hidden">
          {count === 1 ? " message" : " messages"} not heard yet
        </span>
      </span>
    </>
  );
}
