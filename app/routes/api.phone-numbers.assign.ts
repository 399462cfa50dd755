import { database } from "#app/db.server.ts";
import { asStored } from "#app/domain/e164.ts";
import { assignForSure } from "#app/domain/phone-numbers.server.ts";
import { apiRoute } from "#app/http/api-route.server.ts";
import { noteAssignment } from "#app/log/events.server.ts";
import { json, jsonError } from "#app/http/answers.server.ts";
import { requireCompanyForApi } from "#app/http/session.server.ts";

const route = apiRoute({
  POST: async (asked) => {
    const company = await requireCompanyForApi(asked);
    const typed = asked.body.phone_number;
    if (typeof typed !== "string" || typed.trim() === "") {
      return jsonError(400, "Phone number is required");
    }
    const assignment = await assignForSure(database(), company.id, asStored(typed) ?? "");
    noteAssignment(asked, company.id, assignment.outcome);
    switch (assignment.outcome) {
      case "assigned":
        return json({
          message: "Phone number assigned successfully",
          phone_number: assignment.phoneNumber,
        });
      case "already-has-number":
        return jsonError(400, "Company already has a phone number");
      case "not-available":
        return jsonError(400, "Phone number not available");
      case "no-such-company":
        return jsonError(401, "Not authenticated");
    }
  },
});
export const loader = route.loader;
export const action = route.action;
