import { data, redirect, type LoaderFunctionArgs } from "@remix-run/node";
import { callsAddress } from "#app/components/calls-address.ts";
import { database } from "#app/db.server.ts";
import { blockCallerOf } from "#app/domain/blocked-callers.server.ts";
import { cameFrom } from "#app/http/asked-calls.server.ts";
import { tooManyBlocked } from "#app/http/block-number.server.ts";
import { by } from "#app/http/by.server.ts";
import { withNews } from "#app/http/news.server.ts";
import { pageAction } from "#app/http/page.server.ts";
import { requireCompany } from "#app/http/session.server.ts";

export const loader = (asked: LoaderFunctionArgs) => redirect(callsAddress(...cameFrom(asked)));

/** Blocks the caller. */
export const action = pageAction(async (sent) => {
  const { id } = await requireCompany(sent);
  const outcome = await blockCallerOf(database(), id, sent.params.call_sid ?? "", by(sent));
  switch (outcome) {
    case "blocked":
      return redirect(callsAddress(...cameFrom(sent)), {
        headers: await withNews("caller-blocked"),
      });
    case "withheld":
      return redirect("/settings/calls/blocked");
    case "no-such-call":
      throw data({ message: "There is no such call." }, { status: 404 });
    case "too-many":
      throw data({ message: tooManyBlocked }, { status: 409 });
  }
});

/** Never shown; it makes the route a page, which can say what went wrong. */
export default function Blocking() {
  return null;
}
