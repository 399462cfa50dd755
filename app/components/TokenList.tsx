import { Link } from "@remix-run/react";
import type { ShownToken } from "#app/http/shown-token.server.ts";

/** A company's API tokens, each with a link that revokes it. */
export function TokenList({ tokens }: { tokens: ShownToken[] }) {
  return (
    <ul className="tokens">
      {tokens.map((token) => (
        <li key={token.id}>
          <h3>
            <bdi>{token.name}</bdi>
          </h3>
          <p>{token.mayDo.join(" · ")}</p>
          <p className="hint">{[token.made, token.used, token.expires].join(" · ")}</p>
          <p className="actions">
            <Link className="button secondary" to={`/settings/tokens/${token.id}/revoke`}>
              Revoke<span className="visually-hidden"> {token.name}</span>
            </Link>
          </p>
        </li>
      ))}
    </ul>
  );
}
