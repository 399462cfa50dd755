import { Choice } from "#app/components/Choice.tsx";
import { asTyped, Field, SelectField, TextField } from "#app/components/Field.tsx";
import { PostForm } from "#app/components/PostForm.tsx";
import { WithPhoneNumbers } from "#app/components/PhoneNumber.tsx";
import type { FieldErrors } from "#app/http/fields.ts";

interface CallHandlingFormProps {
  /** by field name, as sent */
  values: Record<string, string>;
  errors: FieldErrors | undefined;
  /** names of the countries whose phones may be rung */
  countries: readonly string[];
  /** the languages that callers can be spoken to in */
  languages: readonly (readonly [tag: string, name: string])[];
}

/**
 * How a company wants its calls handled. Every field is always sent; where scripts run, style
 * sheets hide the fields of an option that is not chosen.
 */
export function CallHandlingForm({ values, errors, countries, languages }: CallHandlingFormProps) {
  return (
    <PostForm submit="Save" submitting="Saving…" action="/settings/calls">
      <input type="hidden" name="form_owner" value={values.form_owner} />
      <Field
        name="greeting"
        label="Greeting (optional)"
        hint="The first thing callers hear, read out in the language below. Leave it empty to say nothing."
        error={errors?.greeting}
      >
        {(input) => (
          <textarea {...input} rows={3} autoComplete="off" defaultValue={values.greeting} />
        )}
      </Field>
      <SelectField
        {...asTyped("language", values, errors)}
        label="Language"
        hint="Callers hear your greeting, and what we say ourselves, in a voice of this language."
        options={languages}
      />
      <Modes values={values} errors={errors} countries={countries} />
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

function Modes({ values, errors, countries }: Omit<CallHandlingFormProps, "languages">) {
  const mode = values.mode ?? "";
  return (
    <fieldset
      className={errors?.mode ? "field field-wrong" : "field"}
      aria-describedby={errors?.mode && "mode-error"}
    >
      <legend>When somebody calls</legend>
      {errors?.mode && (
        <p className="field-error" id="mode-error">
          <span className="visually-hidden">Error: </span>
          <WithPhoneNumbers text={errors.mode} />
        </p>
      )}
      <Choice
        name="mode"
        value="phone"
        chosen={mode}
        label="Ring a phone"
        hint="A mobile or a landline rings, and whoever picks up talks with the caller."
        id="mode"
      >
        <TextField
          {...asTyped("phone", values, errors)}
          type="tel"
          label="Phone number"
          hint={[
            "Start with the country code, like +353 86 123 4567.",
            countries.length > 0 && `Calls go to phones in: ${countries.join(", ")}.`,
          ]
            .filter(Boolean)
            .join(" ")}
          autoComplete="tel"
        />
      </Choice>
      <Choice
        name="mode"
        value="sip"
        chosen={mode}
        label="Ring a SIP address"
        hint="For a switchboard, or phones that work over the internet."
      >
        <TextField
          {...asTyped("sip_address", values, errors)}
          label="SIP address"
          hint="Like sip:reception@example.com"
          autoComplete="off"
        />
      </Choice>
      <Choice
        name="mode"
        value="stream"
        chosen={mode}
        label="Connect a media stream"
        hint="For a voice agent: a program that hears the caller and answers."
      >
        <TextField
          {...asTyped("stream_url", values, errors)}
          label="Address of the stream"
          hint="Like wss://agent.example.com/calls"
          autoComplete="off"
        />
      </Choice>
      <Choice
        name="mode"
        value="message"
        chosen={mode}
        label="Take a message"
        hint="Nothing rings. Callers speak after a tone, and you listen to them on Calls."
      />
    </fieldset>
  );
}
