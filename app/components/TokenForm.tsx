import { Field, TextField } from "#app/components/Field.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import type { FieldErrors } from "#app/http/fields.ts";

interface TokenFormProps {
  /** by field name, as sent */
  values: Record<string, string>;
  errors: FieldErrors | undefined;
  scopes: readonly { scope: string; label: string }[];
  lifetimes: readonly { days: string; label: string }[];
}

/** The form that makes an API token. */
export function TokenForm({ values, errors, scopes, lifetimes }: TokenFormProps) {
  return (
    <PostForm submit="Make token" submitting="Making the token…" action="/settings/tokens">
      <input type="hidden" name="form_owner" value={values.form_owner} />
      <TextField
        name="name"
        label="Name"
        hint="What will use it, so that you know it again"
        autoComplete="off"
        value={values.name}
        error={errors?.name}
      />
      <fieldset
        className={errors?.scopes ? "field field-wrong" : "field"}
        aria-describedby={errors?.scopes && "scopes-error"}
      >
        <legend>What it may do</legend>
        {errors?.scopes && (
          <p className="field-error" id="scopes-error">
            <span className="visually-hidden">Error: </span>
            {errors.scopes}
          </p>
        )}
        {scopes.map(({ scope, label }, place) => (
          <div key={scope}>
            <label className="row option">
              <input
                type="checkbox"
                name={scope}
                id={place === 0 ? "scopes" : scope}
                defaultChecked={Boolean(values[scope])}
              />{" "}
              <span>
                {label} <span className="hint">{scope}</span>
              </span>
            </label>
          </div>
        ))}
      </fieldset>
      <Field name="expires" label="Expires" error={errors?.expires}>
        {(input) => (
          <select {...input} autoComplete="off" defaultValue={values.expires}>
            {lifetimes.map(({ days, label }) => (
              <option key={days} value={days}>
                {label}
              </option>
            ))}
          </select>
        )}
      </Field>
    </PostForm>
  );
}
