import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { CommandError } from "./command.ts";

export interface ServerOptions {
  /** origin of the server */
  url: string;
  /** the origins that the server may have as its own, over which signatures are made */
  publicUrls: readonly string[];
  authToken: string;
}

/** Posts to a server as Twilio does: signed, waiting at most 15 seconds. */
export class SignedPosts {
  private publicUrl: string | undefined;

  constructor(private readonly options: ServerOptions) {}

  /**
   * Keeps to the first of the possible origins whose signature the server accepts.
   * @param path with its query
   * @throws {CommandError} if the answer is not a 200
   */
  async post(path: string, fields: Record<string, string>): Promise<Response> {
    const { publicUrls } = this.options;
    let status = 403;
    for (const origin of this.publicUrl ? [this.publicUrl] : publicUrls) {
      const response = await this.postSignedFor(origin, path, fields);
      status = response.status;
      if (status === 403) continue;
      this.publicUrl = origin;
      if (status === 200) return response;
    }
    throw new CommandError(`POST ${path} was answered with ${status}${this.whatIsWrong(status)}`);
  }

  private async postSignedFor(
    origin: string,
    path: string,
    fields: Record<string, string>,
  ): Promise<Response> {
    const { url, authToken } = this.options;
    try {
      return await fetch(url + path, {
        method: "POST",
        redirect: "manual",
        headers: {
          "X-Twilio-Signature": getExpectedTwilioSignature(authToken, origin + path, fields),
        },
        body: new URLSearchParams(fields),
        signal: AbortSignal.timeout(15_000),
      });
    } catch (error) {
      throw new CommandError(
        (error as Error).name === "TimeoutError"
          ? `${url} did not answer within 15 seconds, when Twilio gives up too.`
          : `${url} cannot be reached. Start the server with “npm start”, or say where it is with --url.`,
      );
    }
  }

  private whatIsWrong(status: number): string {
    switch (status) {
      case 403:
        return `: the server and this command need the same TWILIO_AUTH_TOKEN and TWILIO_ACCOUNT_SID, and the server's PUBLIC_URL must be ${this.options.publicUrls.join(" or ")}.`;
      case 503:
        return ": the server has no TWILIO_AUTH_TOKEN, or its database is away; its log says which.";
      default:
        return "; the server's log says more.";
    }
  }
}
