import { asTyped, TextField } from "#app/components/Field.tsx";

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
        {...asTyped("company_name", values, errors)}
        label="Company name"
        autoComplete="organization"
      />
      <TextField {...asTyped("owner_name", values, errors)} label="Your name" autoComplete="name" />
      <TextField
        {...asTyped("phone", values, errors)}
        type="tel"
        label="Your phone number (optional)"
        hint={phoneHint}
        autoComplete="tel"
      />
    </>
  );
}
