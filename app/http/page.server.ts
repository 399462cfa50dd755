import {
  data,
  type ActionFunctionArgs,
  type HeadersFunction,
  type LoaderFunctionArgs,
} from "@remix-run/node";
import type { Company } from "#app/domain/companies.server.ts";
import {
  BodyTooLargeError,
  BodyUnreadableError,
  readForm,
  type FormFields,
} from "#app/http/body.server.ts";
import { faultAnswer } from "#app/http/faults.server.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";
import { isSameSite } from "#app/server/same-site.server.ts";

/**
 * The frame of a page's loader and action. What goes wrong unexpectedly is thrown as `data({ message }, status)` for the
 * ErrorBoundary: 400, 403, 413, 429, 500 or 503.
 */

/** What stands in a page's path in place of its parameters. */
type Params = LoaderFunctionArgs["params"];

/** A page that was asked for. */
export interface AskedPage extends Asked {
  params: Params;
  query: URLSearchParams;
  /** whether this very answer says that a form of the page was refused */
  refused: boolean;
}

/** A form that was sent; its context is what the loaders that make the answer's page get too. */
export interface SentForm extends Asked {
  params: Params;
  form: FormFields;
}

declare module "@remix-run/node" {
  interface AppLoadContext {
    formRefused?: boolean;
  }
}

/** The headers of a page that answers a form: those that its action gave. */
export const headersOfAction: HeadersFunction = ({ actionHeaders }) => actionHeaders;

/** The loader of a page that anybody may see. */
export function pageLoader<T>(
  load: (page: AskedPage) => Promise<T>,
): (args: LoaderFunctionArgs) => Promise<T> {
  return ({ request, context, params }) =>
    framed(context, () =>
      load({
        request,
        params,
        context,
        query: new URL(request.url).searchParams,
        refused: context.formRefused === true,
      }),
    );
}

/** The loader of a company's page; whoever is not signed in is sent to sign in. */
export function companyLoader<T>(
  load: (page: AskedPage & { company: Company }) => Promise<T>,
): (args: LoaderFunctionArgs) => Promise<T> {
  return pageLoader(async (page) => load({ ...page, company: await requireCompany(page) }));
}

/** The action of a page, for a form that was read to a limit and is known to come from no other site. */
export function pageAction<T>(
  act: (sent: SentForm) => Promise<T>,
): (args: ActionFunctionArgs) => Promise<T> {
  return ({ request, context, params }) => {
    const asked = { request, context };
    return framed(context, async () => {
      if (!isSameSite(asked)) {
        throw problem(403, "The form was sent from another site. Nothing was changed.");
      }
      return act({ ...asked, params, form: await readForm(request) });
    });
  };
}

async function framed<T>(
  context: LoaderFunctionArgs["context"],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // An answer that was thrown, such as a redirect.
    if (!(error instanceof Error)) throw error;
    if (error instanceof BodyTooLargeError) {
      throw problem(413, "What you sent is too large. Nothing was changed.");
    }
    if (error instanceof BodyUnreadableError) {
      throw problem(400, "The form could not be read. Nothing was changed.");
    }
    const { status, message, headers } = faultAnswer(context, error);
    const { requestId } = exchangeOf(context);
    throw data({ message, requestId }, { status, headers });
  }
}

const problem = (status: number, message: string) => data({ message }, { status });
