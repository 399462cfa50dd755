import { TextField } from "#app/components/Field.tsx";
import { PhoneNumber } from "#app/components/PhoneNumber.tsx";
import { PostForm } from "#app/components/PostForm.tsx";

interface ShownBlock {
  /** as stored with calls */
  caller: string;
  /** `+353 87 111 2222` */
  shown: string;
  since: { at: string; shown: string };
}

interface BlockedCallersProps {
  /** the page, which the forms are sent to */
  here: string;
  blocked: readonly ShownBlock[];
}

/** The callers that a company has blocked, each with a button that lifts the block. */
export function BlockedCallers({ here, blocked }: BlockedCallersProps) {
  if (blocked.length === 0) {
    return <p>Nobody is blocked. There is a button beside each call on Calls, too.</p>;
  }
  return (
    <>
      <p className="hint">They hear that you are not accepting calls, and leave no message.</p>
      <ul className="card entries">
        {blocked.map(({ caller, shown, since }) => (
          <li key={caller}>
            <form method="post" action={here}>
              <span className="breaks">
                {shown.startsWith("+") ? <PhoneNumber>{shown}</PhoneNumber> : <bdi>{shown}</bdi>}{" "}
                <span className="hint">
                  since <time dateTime={since.at}>{since.shown}</time>
                </span>
              </span>{" "}
              <button type="submit" name="caller" value={caller} className="button secondary">
                Unblock<span className="visually-hidden"> {shown}</span>
              </button>
            </form>
          </li>
        ))}
      </ul>
    </>
  );
}

interface BlockNumberProps {
  here: string;
  /** the company's id */
  owner: string;
  /** what was typed and is not blocked yet */
  value: string | undefined;
  error: string | undefined;
}

/** A form that blocks a typed number, whether or not it has ever called. */
export function BlockNumber({ here, owner, value, error }: BlockNumberProps) {
  return (
    <PostForm submit="Block" submitting="Blocking…" action={here}>
      <input type="hidden" name="form_owner" value={owner} />
      <TextField
        name="number"
        type="tel"
        label="Number to block"
        hint="Start with the country code, like +353 86 123 4567."
        autoComplete="off"
        value={value}
        error={error}
      />
    </PostForm>
  );
}
