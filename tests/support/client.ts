import { expectDocumented } from "./documented.ts";

/** A program that uses the app over HTTP and keeps its cookies, like curl with a cookie jar. */
export class Client {
  readonly cookies = new Map<string, string>();
  constructor(
    readonly url: string,
    readonly headers: Record<string, string> = {},
  ) {}

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers({ ...this.headers });
    for (const [name, value] of new Headers(init.headers)) {
      headers.set(name, value);
    }
    if (this.cookies.size > 0 && !headers.has("Cookie")) {
      const jar = [...this.cookies].map(([name, value]) => `${name}=${value}`);
      headers.set("Cookie", jar.join("; "));
    }
    const response = await fetch(this.url + path, {
      redirect: "manual",
      ...init,
      headers,
    });
    await expectApiAnswer(path, init.method ?? "GET", response);
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/max-age=0/i.test(cookie)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return this.asPath(response);
  }

  /**
   * Shortens a redirect within the site to its path; tests/server/location.test.ts checks the rest.
   */
  private asPath(response: Response): Response {
    const location = response.headers.get("Location");
    if (!location?.startsWith(`${this.url}/`)) return response;
    const headers = new Headers(response.headers);
    headers.set("Location", location.slice(this.url.length));
    return new Response(response.body, { status: response.status, headers });
  }

  /** Sends JSON; a string is sent as it is. */
  async post(path: string, body: unknown): Promise<Answer> {
    return answerOf(
      await this.fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    );
  }

  async get(path: string): Promise<Answer> {
    return answerOf(await this.fetch(path));
  }

  /** Signs a company up; its session is in the jar. */
  async signUp(fields: Record<string, unknown> = {}): Promise<Answer> {
    const answer = await this.post("/api/signup", {
      ...aCompany(),
      ...fields,
    });
    if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
    return answer;
  }
}

/** Every JSON answer that any test gets from the API must match the OpenAPI document. */
async function expectApiAnswer(path: string, method: string, response: Response): Promise<void> {
  const [pathname = ""] = path.split("?");
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  if (!isJson || !/^\/api(\/|$)/.test(pathname) || /\.(data|json)$/.test(pathname)) return;
  const { status, headers } = response;
  const text = await response.clone().text();
  if (text !== "") expectDocumented(method, pathname, status, headers, text);
}

/** A JSON answer. */
export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

export async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: JSON.parse(text) as Record<string, unknown>,
  };
}

/** What an error of the JSON API looks like. */
export const refusal = (status: number, code: string, error: string) => ({
  status,
  body: { success: false, error, code },
});

let signedUp = 0;

/** Fields that sign up a new company each time. */
export function aCompany(): Record<string, string> {
  return {
    company_name: "Ring & Sons",
    owner_name: "Ann Ring",
    email: `ann${process.pid}-${++signedUp}@example.com`,
    password: "a long quiet evening",
  };
}
