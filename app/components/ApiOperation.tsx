import type { ShownOperation } from "#app/http/api/reference.server.ts";

/** A call of the API: what it does and takes, how curl makes it, and what it answers. */
export function ApiOperation({ operation }: { operation: ShownOperation }) {
  const { id, method, path, summary, description, who, fields, curl, answer, status } = operation;
  return (
    <article className="card" aria-labelledby={id}>
      <h3 id={id}>{summary}</h3>
      <p>
        <code>
          {method} {path}
        </code>
      </p>
      {description && <p>{description}</p>}
      <p className="hint">{who}</p>
      {fields.length > 0 && (
        <dl>
          {fields.map(({ name, place, required, description }) => (
            <div key={`${place} ${name}`}>
              <dt>
                <code>{name}</code> ({place}
                {required && ", required"})
              </dt>
              {description && <dd>{description}</dd>}
            </div>
          ))}
        </dl>
      )}
      <pre tabIndex={0} aria-label={`${summary}, with curl`}>
        <code>{curl}</code>
      </pre>
      <p>{answer === null ? `${status}, and the sound.` : `${status}, and:`}</p>
      {answer !== null && (
        <pre tabIndex={0} aria-label={`${summary}, the answer`}>
          <code>{answer}</code>
        </pre>
      )}
      <p className="hint">
        Errors:{" "}
        {operation.errors.map((code, place) => (
          <span key={code}>
            {place > 0 && ", "}
            <a href={`#${code}`}>{code}</a>
          </span>
        ))}
      </p>
    </article>
  );
}
