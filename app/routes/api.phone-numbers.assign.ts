import { database } from "#app/db.server.ts";
import { asStored } from "#app/domain/e164.ts";
import { assignForSure } from "#app/domain/phone-numbers.server.ts";
import { apiRoute } from "#app/http/api-route.server.ts";
import { by } from "#app/http/by.server.ts";
import { noteAssignment } from "#app/log/events.server.ts";
import { json, jsonError } from "#app/http/answers.server.ts";
import { requireCompanyForApi } from "#app/http/session.server.ts";

const route = apiRoute({
  POST: async (asked) => {
    const company = await requireCompanyForApi(asked);
    const typed = asked.body.phone_number;
    if (typeof typed !== "string" || typed.trim() === "") {
      return jsonError("phone_number_required");
    }
    const assignment = await assignForSure(
      database(),
      company.id,
      asStored(typed) ?? "",
      by(asked),
    );
    noteAssignment(asked, company.id, assignment.outcome);
    switch (assignment.outcome) {
      case "assigned":
        return json({
          message: "Phone number assigned successfully",
          phone_number: assignment.phoneNumber,
        });
      case "already-has-number":
        return jsonError("company_already_has_phone_number", {
          phoneNumber: assignment.phoneNumber,
        });
      case "not-available":
        return jsonError("phone_number_not_available");
      case "no-such-company":
        return jsonError("not_authenticated");
      case "email-not-verified":
        return jsonError("email_not_verified");
    }
  },
});
export const loader = route.loader;
export const action = route.action;
