import { data, type ActionFunctionArgs } from "@remix-run/node";
import {
  BodyTooLargeError,
  BodyUnreadableError,
  readForm,
  type FormFields,
} from "#app/http/body.server.ts";
import { faultAnswer } from "#app/http/faults.server.ts";
import { isSameSite } from "#app/http/same-site.server.ts";

interface PageRequest {
  request: Request;
  form: FormFields;
  params: ActionFunctionArgs["params"];
  /** what the loaders that make the answer's page get too */
  context: ActionFunctionArgs["context"];
}

/**
 * The action of a page: the form, read to a limit and known to come from no other site.
 * What goes wrong is thrown as `data({ message }, status)` for the ErrorBoundary: 403, 413, 400, 429, 503 or 500.
 */
export function pageAction<T>(
  act: (page: PageRequest) => Promise<T>,
): (args: ActionFunctionArgs) => Promise<T> {
  return async ({ request, params, context }) => {
    if (!isSameSite(request)) {
      throw data(
        {
          message: "The form was sent from another site. Nothing was changed.",
        },
        403,
      );
    }
    return forPage(request, async () =>
      act({ request, form: await readForm(request), params, context }),
    );
  };
}

/** Runs a page's loader or action, and throws what the ErrorBoundary can show in place of an unexpected error. */
export async function forPage<T>(
  request: Request,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isThrownAnswer(error)) throw error;
    if (error instanceof BodyTooLargeError) {
      throw data(
        { message: "What you sent is too large. Nothing was changed." },
        413,
      );
    }
    if (error instanceof BodyUnreadableError) {
      throw data(
        { message: "The form could not be read. Nothing was changed." },
        400,
      );
    }
    const { status, message, headers } = faultAnswer(request, error);
    const requestId = request.headers.get("x-request-id");
    throw data({ message, requestId }, { status, headers });
  }
}

function isThrownAnswer(error: unknown): boolean {
  return (
    error instanceof Response ||
    (typeof error === "object" &&
      error !== null &&
      "type" in error &&
      error.type === "DataWithResponseInit")
  );
}
