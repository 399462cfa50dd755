/** The service's name and what its pages link to, as set by the operator; null where not set. */
export interface Site {
  name: string;
  /** the address to write to for help */
  support: string | null;
  terms: string | null;
  privacy: string | null;
}

let current: Site = { name: "Company Phone Numbers", support: null, terms: null, privacy: null };

/** The same for all requests of a process; in the browser, what the server has said. */
export const site = (): Site => current;

/** Must be called before anything is rendered. */
export function setSite(said: Site): void {
  current = said;
}

/** As an attribute of the page's root, where scripts find it. */
export const siteAttribute = (): { "data-site": string } => ({
  "data-site": JSON.stringify(current),
});

/** In the browser, before it renders. */
export function readSite(): void {
  const said = document.documentElement.dataset.site;
  if (said !== undefined) current = JSON.parse(said) as Site;
}
