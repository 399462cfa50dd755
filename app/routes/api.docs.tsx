import type { MetaFunction } from "@remix-run/node";
import { useLoaderData } from "@remix-run/react";
import { ApiOperation } from "#app/components/ApiOperation.tsx";
import { Brand } from "#app/components/Brand.tsx";
import { pageTitle } from "#app/components/page-title.ts";
import { environment } from "#app/env.server.ts";
import { errorReference, reference } from "#app/http/api/reference.server.ts";
import { pageLoader } from "#app/http/page.server.ts";

export const meta: MetaFunction = () => [
  ...pageTitle("API"),
  { name: "description", content: "Every call of the JSON API, with curl, and every error." },
];

export const loader = pageLoader(async () => ({
  chapters: reference(),
  errors: errorReference(),
  url: environment().PUBLIC_URL,
}));

/** The OpenAPI document, for people. */
export default function ApiDocumentation() {
  const { chapters, errors, url } = useLoaderData<typeof loader>();
  return (
    <>
      <header className="site-header">
        <a className="skip-link" href="#main">
          Skip to main content
        </a>{" "}
        <Brand />
      </header>
      <main id="main" className="reference">
        <h1 tabIndex={-1}>API</h1>
        <p>
          JSON in, JSON out, in UTF-8. Times are RFC 3339, UTC. Every body has <code>success</code>,
          every answer <code>X-Request-Id</code>: name it when you ask for help. As a document for
          generators of clients: <a href="/api/openapi.json">OpenAPI 3.1</a>.
        </p>
        <section aria-labelledby="contents">
          <h2 id="contents">Contents</h2>
          <ul className="contents">
            {chapters.map(({ name, operations }) => (
              <li key={name}>
                {name}
                <ul>
                  {operations.map(({ id, summary }) => (
                    <li key={id}>
                      <a href={`#${id}`}>{summary}</a>
                    </li>
                  ))}
                </ul>
              </li>
            ))}
            <li>
              <a href="#errors">Errors</a>
            </li>
          </ul>
        </section>
        <section aria-labelledby="signing-in">
          <h2 id="signing-in">Who is asking</h2>
          <p>
            A program sends an API token: <code>Authorization: Bearer cpn_…</code>. Make one in{" "}
            <a href="/settings/tokens">Settings, API tokens</a>, and give it the scopes that it
            needs. The examples below take it from <code>$TOKEN</code>. Where a session is asked
            for, it is the cookie that signing up or in sets; the examples keep it in a file. Where
            both are sent, the token counts.
          </p>
          <h2 id="idempotency">Asking twice</h2>
          <p>
            Whoever was cut off cannot know whether a request was done. Send it again with the same{" "}
            <code>Idempotency-Key</code>, any text of 1 to 255 visible characters that you make up
            for each request: for 24 hours the first answer comes again, byte for byte, with{" "}
            <code>Idempotent-Replayed: true</code>. Kept are good answers and the rule's refusals;
            after any other error the same key may try again.
          </p>
        </section>
        {chapters.map(({ name, about, operations }) => (
          <section key={name} aria-label={name}>
            <h2>{name}</h2>
            <p>{about}</p>
            {operations.map((operation) => (
              <ApiOperation key={operation.id} operation={operation} />
            ))}
          </section>
        ))}
        <section aria-labelledby="errors">
          <h2 id="errors">Errors</h2>
          <p>
            <code>{'{"success": false, "error": "one sentence", "code": "not_found"}'}</code>. Rely
            on the code; the sentence is for people. The address of this server is{" "}
            <code>{url}</code>.
          </p>
          <dl className="error-codes">
            {errors.map(({ code, status, means }) => (
              <div key={code} id={code}>
                <dt>
                  <code>{code}</code> {status}
                </dt>
                <dd>{means}</dd>
              </div>
            ))}
          </dl>
        </section>
      </main>
    </>
  );
}
