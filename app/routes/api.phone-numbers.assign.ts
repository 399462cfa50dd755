import { asStored } from "#app/domain/e164.ts";
import { assignForSure } from "#app/domain/phone-numbers.server.ts";
import { assignOperation } from "#app/http/api/phone-numbers.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import { by } from "#app/http/by.server.ts";
import { budgetAnswer } from "#app/http/faults.server.ts";
import { noteAssignment } from "#app/log/events.server.ts";

const route = apiRoute(
  handle(assignOperation, async ({ company, body, db, answer, afterwards, ...asked }) => {
    const wanted = body.first_available ? body : (asStored(body.phone_number) ?? "");
    const assignment = await assignForSure(db, company.id, wanted, by(asked));
    const { outcome } = assignment;
    afterwards(() => noteAssignment(asked, company.id, outcome));
    switch (outcome) {
      case "assigned":
        return answer({
          message: "Phone number assigned successfully",
          phone_number: assignment.phoneNumber,
        });
      case "already-has-number":
        return jsonError("company_already_has_phone_number", {
          phoneNumber: assignment.phoneNumber,
        });
      case "not-available":
        return jsonError("phone_number_not_available");
      case "budget-spent": {
        const { message, headers } = budgetAnswer(assignment);
        return jsonError("assignment_budget", { error: message, headers });
      }
      case "no-such-company":
        return jsonError("not_authenticated");
      case "email-not-verified":
        return jsonError("email_not_verified");
    }
  }),
);
export const loader = route.loader;
export const action = route.action;
