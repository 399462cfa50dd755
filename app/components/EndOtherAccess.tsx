/** Asks, with a new password, whether everything else that opens the account ends with the old one. */
export function EndOtherAccess({ chosen }: { chosen: boolean }) {
  return (
    <div className="field">
      <label className="row option">
        <input
          type="checkbox"
          name="end_access"
          value="yes"
          defaultChecked={chosen}
          aria-describedby="end-access-hint"
        />{" "}
        <span>Somebody else may know the old password</span>
      </label>
      <p className="hint" id="end-access-hint">
        Then all recovery codes and API tokens end too. Make new ones in Settings. Otherwise they
        keep working.
      </p>
    </div>
  );
}
