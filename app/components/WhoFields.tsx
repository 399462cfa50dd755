import { TextField } from "#app/components/Field.tsx";

interface WhoFieldsProps {
  values: Record<string, string | undefined> | undefined;
  errors: Record<string, string | undefined> | undefined;
  phoneHint: string;
}

/** The fields that say who a company is, and how to reach its owner. */
export function WhoFields({ values, errors, phoneHint }: WhoFieldsProps) {
  return (
    <>
      <TextField
        name="company_name"
        label="Company name"
        autoComplete="organization"
        value={values?.company_name}
        error={errors?.company_name}
      />
      <TextField
        name="owner_name"
        label="Your name"
        autoComplete="name"
        value={values?.owner_name}
        error={errors?.owner_name}
      />
      <TextField
        name="phone"
        type="tel"
        label="Your phone number (optional)"
        hint={phoneHint}
        autoComplete="tel"
        value={values?.phone}
        error={errors?.phone}
      />
    </>
  );
}
