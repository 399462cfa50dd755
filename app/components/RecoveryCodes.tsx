import { Link } from "@remix-run/react";
import { useHydrated } from "#app/components/hydrated.ts";
import { PasswordField } from "#app/components/PasswordField.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import { site } from "#app/components/site.ts";

interface RecoveryCodesProps {
  /** how many are still unused */
  left: number;
  /** identifies the current codes, so that sending the form again makes no others */
  batch: string;
  error: string | undefined;
}

/** How many recovery codes there are, and the form that makes new ones. */
export function RecoveryCodes({ left, batch, error }: RecoveryCodesProps) {
  return (
    <section className="card" aria-labelledby="recovery-codes">
      <h2 id="recovery-codes">Recovery codes</h2>
      <p>
        If you lose your password, one of these codes and your email address let you choose a new
        one. Keep them on paper or in a password manager.
      </p>
      <p>{batch === "" ? "You have no recovery codes yet." : `You have ${left} unused codes.`}</p>
      <PostForm
        submit={batch === "" ? "Make recovery codes" : "Make new codes"}
        submitting="Making codes…"
      >
        <input type="hidden" name="batch" value={batch} />
        <PasswordField
          autoComplete="current-password"
          {...(batch !== "" && { hint: "Codes that you have now stop working." })}
          error={error}
        />
      </PostForm>
    </section>
  );
}

interface NewCodesProps {
  codes: readonly string[];
  email: string;
}

/** Codes that were just made; only this page ever shows them. */
export function NewCodes({ codes, email }: NewCodesProps) {
  const canPrint = useHydrated();
  const text = `${site().name}: recovery codes for ${email}\r\nEach can be used once, with this email address.\r\n\r\n${codes.join("\r\n")}\r\n`;
  return (
    <section className="card" aria-labelledby="new-codes">
      <h2 id="new-codes" tabIndex={-1} data-takes-focus>
        Your recovery codes
      </h2>
      <p>
        <strong>They are shown this once.</strong> Print or save them now. Each can be used once,
        with <bdi>{email}</bdi>.
      </p>
      <ul className="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <p className="actions">
        {canPrint && (
          <button type="button" className="button" onClick={() => window.print()}>
            Print
          </button>
        )}{" "}
        <a
          className="button secondary"
          download="recovery-codes.txt"
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`}
        >
          Save as text
        </a>{" "}
        <Link className="button secondary" to="/settings/security">
          I have saved them
        </Link>
      </p>
    </section>
  );
}
