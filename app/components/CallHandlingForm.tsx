import type { ReactNode } from "react";
import { Field, TextField } from "#app/components/Field.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import { WithPhoneNumbers } from "#app/components/PhoneNumber.tsx";
import type { FieldErrors } from "#app/http/fields.ts";

interface CallHandlingFormProps {
  /** by field name, as they are sent */
  values: Record<string, string>;
  errors: FieldErrors | undefined;
  /** names of those whose phones may be rung */
  countries: readonly string[];
}

/**
 * What a company wants done with its calls. All of it is always sent; where scripts run, style sheets hide what belongs
 * to an option that is not chosen.
 */
export function CallHandlingForm({ values, errors, countries }: CallHandlingFormProps) {
  const mode = values.mode ?? "";
  return (
    <PostForm submit="Save" submitting="Saving…" action="/settings/calls">
      <input type="hidden" name="form_owner" value={values.form_owner} />
      <Field
        name="greeting"
        label="Greeting (optional)"
        hint="The first thing callers hear. Leave it empty to say nothing."
        error={errors?.greeting}
      >
        {(input) => (
          <textarea {...input} rows={3} autoComplete="off" defaultValue={values.greeting} />
        )}
      </Field>
      <Options error={errors?.mode}>
        <Option value="phone" chosen={mode} label="Ring a phone" id="mode">
          <TextField
            name="phone"
            type="tel"
            label="Phone number"
            hint={[
              "Start with the country code, like +353 86 123 4567.",
              countries.length > 0 && `Calls go to phones in: ${countries.join(", ")}.`,
            ]
              .filter(Boolean)
              .join(" ")}
            autoComplete="tel"
            value={values.phone}
            error={errors?.phone}
          />
        </Option>
        <Option value="sip" chosen={mode} label="Ring a SIP address">
          <TextField
            name="sip_address"
            label="SIP address"
            hint="Like sip:reception@example.com"
            autoComplete="off"
            value={values.sip_address}
            error={errors?.sip_address}
          />
        </Option>
        <Option
          value="stream"
          chosen={mode}
          label="Connect a media stream"
          hint="For a voice agent"
        >
          <TextField
            name="stream_url"
            label="Address of the stream"
            hint="Like wss://agent.example.com/calls"
            autoComplete="off"
            value={values.stream_url}
            error={errors?.stream_url}
          />
        </Option>
        <Option value="message" chosen={mode} label="Take a message" />
      </Options>
      <div className="when-ringing">
        <Field
          name="ring_seconds"
          label="Seconds to ring"
          hint="How long a phone or a SIP address rings, from 5 to 60"
          error={errors?.ring_seconds}
        >
          {(input) => (
            <input
              {...input}
              className="short"
              type="text"
              inputMode="numeric"
              autoComplete="off"
              defaultValue={values.ring_seconds}
            />
          )}
        </Field>
      </div>
      <div className="field unless-message">
        <label className="row option">
          <input type="checkbox" name="take_message" defaultChecked={values.take_message !== ""} />{" "}
          Take a message when nobody answers
        </label>
      </div>
    </PostForm>
  );
}

interface OptionsProps {
  error: string | undefined;
  children: ReactNode;
}

function Options({ error, children }: OptionsProps) {
  return (
    <fieldset
      className={error ? "field field-wrong" : "field"}
      aria-describedby={error && "mode-error"}
    >
      <legend>When somebody calls</legend>
      {error && (
        <p className="field-error" id="mode-error">
          <span className="visually-hidden">Error: </span>
          <WithPhoneNumbers text={error} />
        </p>
      )}
      {children}
    </fieldset>
  );
}

interface OptionProps {
  value: string;
  /** the value of the option that is chosen */
  chosen: string;
  label: string;
  hint?: string;
  id?: string;
  /** what it needs to know, if it is chosen */
  children?: ReactNode;
}

function Option({ value, chosen, label, hint, id, children }: OptionProps) {
  return (
    <div className="choice">
      <label className="row option">
        <input
          type="radio"
          name="mode"
          value={value}
          id={id ?? `mode-${value}`}
          defaultChecked={value === chosen}
        />{" "}
        <span>
          {label}
          {hint && <span className="hint"> {hint}</span>}
        </span>
      </label>
      {children && <div className="of-choice">{children}</div>}
    </div>
  );
}
