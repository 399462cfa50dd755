import type { Client } from "./client.ts";

/** A page as a program gets it. */
export interface Page {
  status: number;
  location: string | null;
  headers: Headers;
  html: string;
  /** the text of the HTML */
  text: string;
  title: string | undefined;
}

export async function pageOf(answer: Promise<Response>): Promise<Page> {
  const { status, headers, ...response } = await answer.then(async (r) => ({
    status: r.status,
    headers: r.headers,
    html: await r.text(),
  }));
  return {
    ...response,
    status,
    headers,
    location: headers.get("Location"),
    text: textOf(response),
    title: /<title>(.*?)<\/title>/.exec(response.html)?.[1],
  };
}

export const get = (client: Client, path: string) => pageOf(client.fetch(path));

export const post = (client: Client, path: string, form: Record<string, string>) =>
  pageOf(client.fetch(path, { method: "POST", body: new URLSearchParams(form) }));

/** The text of HTML, without its markup. */
export const textOf = ({ html }: { html: string }) =>
  html
    .replaceAll(/<script.*?<\/script>|<!--.*?-->/gs, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll("&#x27;", "'")
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/ (?=[.,])/g, "");

/** The values of a page's fields. */
export const fieldsOf = ({ html }: { html: string }) =>
  Object.fromEntries(
    [...html.matchAll(/<input[^>]*name="(\w+)"[^>]*value="([^"]*)"/g)].map(([, name, value]) => [
      name!,
      value!.replaceAll("&amp;", "&"),
    ]),
  );
