import { data, type ActionFunctionArgs } from "@remix-run/node";
import {
  BodyTooLargeError,
  BodyUnreadableError,
  readForm,
  type FormFields,
} from "#app/http/body.server.ts";
import { faultAnswer } from "#app/http/faults.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";
import { isSameSite } from "#app/server/same-site.server.ts";

/** A form that was sent; its context is what the loaders that make the answer's page get too. */
export interface SentForm extends Asked {
  form: FormFields;
  params: ActionFunctionArgs["params"];
}

/**
 * The action of a page: the form, read to a limit and known to come from no other site.
 * What goes wrong is thrown as `data({ message }, status)` for the ErrorBoundary: 403, 413, 400, 429, 503 or 500.
 */
export function pageAction<T>(
  act: (sent: SentForm) => Promise<T>,
): (args: ActionFunctionArgs) => Promise<T> {
  return async ({ request, params, context }) => {
    const asked = { request, context };
    if (!isSameSite(asked)) {
      throw data(
        {
          message: "The form was sent from another site. Nothing was changed.",
        },
        403,
      );
    }
    return forPage(asked, async () => act({ ...asked, form: await readForm(request), params }));
  };
}

/** Runs a page's loader or action, and throws what the ErrorBoundary can show in place of an unexpected error. */
export async function forPage<T>({ context }: Asked, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isThrownAnswer(error)) throw error;
    if (error instanceof BodyTooLargeError) {
      throw data({ message: "What you sent is too large. Nothing was changed." }, 413);
    }
    if (error instanceof BodyUnreadableError) {
      throw data({ message: "The form could not be read. Nothing was changed." }, 400);
    }
    const { status, message, headers } = faultAnswer(context, error);
    const { requestId } = exchangeOf(context);
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
