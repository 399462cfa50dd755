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
import { requireCompany, signedIn } from "#app/http/session.server.ts";
import { exchangeOf, type Asked } from "#app/server/exchange.server.ts";
import { isSameSite } from "#app/server/same-site.server.ts";

/**
 * The frame of a page's loader and action. An unexpected fault is thrown as `data({ message },
 * status)` for the ErrorBoundary: 400, 403, 413, 429, 500 or 503.
 */

/** What stands in a page's path in place of its parameters. */
type Params = LoaderFunctionArgs["params"];

/** A request for a page. */
export interface AskedPage extends Asked {
  params: Params;
  query: URLSearchParams;
  /** whether this answer says that a form on the page was refused */
  refused: boolean;
}

/** A form that was sent; the loaders of the page that answers it share its context. */
export interface SentForm extends Asked {
  params: Params;
  form: FormFields;
}

declare module "@remix-run/node" {
  interface AppLoadContext {
    formRefused?: boolean;
  }
}

/** The headers of a page that answers a form: those its action set. */
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

/** What every company page's data contains besides its own, for the navigation around it. */
export interface AroundPage {
  /** messages nobody has listened to */
  unheardMessages: number;
}

/**
 * The loader of a company's page; a visitor who is not signed in is sent to sign in. Its data
 * includes {@link AroundPage}.
 */
export function companyLoader<T extends object>(
  load: (page: AskedPage & { company: Company }) => Promise<T>,
): (args: LoaderFunctionArgs) => Promise<T> {
  return pageLoader(async (page) => {
    const company = await requireCompany(page);
    const loaded = await load({ ...page, company });
    const carrier = "data" in loaded && "init" in loaded ? loaded.data : loaded;
    const around: AroundPage = { unheardMessages: (await signedIn(page))?.unheard ?? 0 };
    Object.assign(carrier as object, around);
    return loaded;
  });
}

/**
 * The action of a page: the form is read up to a limit, and refused if it comes from another site.
 */
export function pageAction<T>(
  act: (sent: SentForm) => Promise<T>,
): (args: ActionFunctionArgs) => Promise<T> {
  return ({ request, context, params }) => {
    const asked = { request, context };
    return framed(context, async () => {
      if (request.method !== "POST") {
        throw problem(405, "Forms are sent here with POST. Nothing was changed.");
      }
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
    // A thrown answer, such as a redirect.
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
