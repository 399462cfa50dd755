import { CopyButton } from "#app/components/CopyButton.tsx";

/** A token that was just made; it is only shown this once. */
export function MadeToken({ made, name }: { made: string; name: string }) {
  return (
    <div className="banner" role="status" tabIndex={-1} data-takes-focus>
      <p>
        This is the token <bdi>{name}</bdi>. Copy it now: it is not shown again.
      </p>
      <p className="secret">
        <code>{made}</code> <CopyButton text={made} what="token" />
      </p>
    </div>
  );
}
