import type { Company } from "#app/domain/companies.server.ts";

/** A company as the JSON API shows it. */
export function companyJson(company: Company): Record<string, unknown> {
  return {
    id: company.id,
    company_name: company.companyName,
    owner_name: company.ownerName,
    email: company.email,
    phone: company.phone,
    twilio_phone_number: company.phoneNumber,
  };
}
