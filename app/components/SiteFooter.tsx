import { site } from "#app/components/site.ts";
import { useBehindModal } from "#app/components/behind-modal.ts";

/** Links to help, terms and privacy, if the operator has set them. */
export function SiteFooter() {
  const { support, terms, privacy } = site();
  const links: [name: string, to: string | null][] = [
    ["Help", support && `mailto:${support}`],
    ["Terms", terms],
    ["Privacy", privacy],
  ];
  if (links.every(([, to]) => to === null)) return null;
  return (
    <footer className="site-footer" {...useBehindModal()}>
      <ul>
        {links.map(
          ([name, to]) =>
            to !== null && (
              <li key={name}>
                <a href={to}>{name}</a>{" "}
              </li>
            ),
        )}
      </ul>
    </footer>
  );
}
