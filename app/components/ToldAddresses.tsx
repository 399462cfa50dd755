import { TextField } from "#app/components/Field.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import type { ToldAddress } from "#app/domain/told-addresses.server.ts";

interface ToldAddressesProps {
  /** the page, which the forms are sent to */
  here: string;
  addresses: readonly ToldAddress[];
}

/** The addresses told of missed calls, each with a button that stops it. */
export function ToldAddresses({ here, addresses }: ToldAddressesProps) {
  if (addresses.length === 0) return <p>Nobody is told yet.</p>;
  return (
    <ul className="card entries">
      {addresses.map(({ email, confirmed }) => (
        <li key={email}>
          <form method="post" action={here}>
            <span className="breaks">
              <bdi>{email}</bdi> {!confirmed && <span className="hint">not confirmed yet</span>}
            </span>{" "}
            <button type="submit" name="remove" value={email} className="button secondary">
              Remove<span className="visually-hidden"> {email}</span>
            </button>
          </form>
        </li>
      ))}
    </ul>
  );
}

interface TellAddressProps {
  here: string;
  value: string;
  error: string | undefined;
}

/** The form that adds an address. */
export function TellAddress({ here, value, error }: TellAddressProps) {
  return (
    <PostForm submit="Add" submitting="Adding…" action={here}>
      <TextField
        name="email"
        type="email"
        label="Email address"
        autoComplete="email"
        value={value}
        error={error}
      />
    </PostForm>
  );
}
