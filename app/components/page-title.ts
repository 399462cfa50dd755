import type { MetaDescriptor } from "@remix-run/react";
import { site } from "#app/components/site.ts";

/** @param refused whether the page shows a rejected form */
export function pageTitle(title: string, refused = false): MetaDescriptor[] {
  return [{ title: `${refused ? "Error: " : ""}${title} – ${site().name}` }];
}

/** For pages that are a company's own: no search engine may keep their numbers. */
export function privatePageTitle(title: string, refused = false): MetaDescriptor[] {
  return [...pageTitle(title, refused), { name: "robots", content: "noindex" }];
}
