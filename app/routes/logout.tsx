import { redirect } from "@remix-run/node";
import { pageAction } from "#app/http/page.server.ts";
import { endSessionOf } from "#app/http/session.server.ts";

export function loader() {
  return redirect("/");
}

export const action = pageAction(async (sent) =>
  redirect("/", { headers: { "Set-Cookie": await endSessionOf(sent) } }),
);

/** Never shown, but without it this were no page and its errors no pages. */
export default function LogOut() {
  return null;
}
