import { Link } from "@remix-run/react";
import { Banner } from "#app/components/Banner.tsx";

/** What has been done with a call, told once above the calls. */
export const callNews = [
  "message-deleted",
  "message-deleted-here",
  "caller-blocked",
  "caller-unblocked",
] as const;

const words = {
  "message-deleted": "The message was deleted.",
  "message-deleted-here":
    "The message was deleted here. At the telephone company that did not work yet; it is tried again until it does.",
  "caller-blocked": "The caller is blocked and will hear that you are not accepting calls.",
  "caller-unblocked": "The caller is not blocked any more.",
} as const satisfies Record<(typeof callNews)[number], string>;

interface CallNewsProps {
  news: (typeof callNews)[number] | null;
  /** the page without the news */
  dismissTo: string;
}

export function CallNews({ news, dismissTo }: CallNewsProps) {
  if (news === null) return null;
  return (
    <Banner dismissTo={dismissTo}>
      {words[news]}{" "}
      {news === "caller-blocked" && <Link to="/settings/calls/blocked">See who is blocked</Link>}
    </Banner>
  );
}
