/**
 * Where to go after signing in: only a path on this site, since the value comes from whoever made
 * the link. Browsers read `//host`, `/\host` and paths with tabs or line breaks in them as other
 * sites.
 */
export function ownPath(target: string | null | undefined, otherwise: string): string {
  if (!target || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(target)) {
    return otherwise;
  }
  // The parser has the last word on where a browser would go.
  const base = "http://own.invalid";
  if (!URL.canParse(target, base)) return otherwise;
  const url = new URL(target, base);
  return url.origin === base && !url.pathname.startsWith("//")
    ? url.pathname + url.search
    : otherwise;
}
