import type { SendMailOptions } from "nodemailer";
import { environment } from "#app/env.server.ts";
import type { Letter } from "#app/mail/letters.server.ts";

/** Sends one mail at a time to the server of SMTP_URL. */

/** The outcome of {@link sendLetter}; `why` ends a sentence that begins with "the mail server". */
export type Sending =
  | { outcome: "sent" }
  /** this mail will never be taken */
  | { outcome: "refused"; why: string }
  /** this mail may be taken later */
  | { outcome: "not-now"; why: string }
  /** the server takes no mail now */
  | { outcome: "no-server"; why: string };

/** Milliseconds, for anything the server keeps us waiting for. */
const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

/** An address that can stand in a header and an envelope as it is. */
const isAddress = (text: string) =>
  text.length <= 254 && /^[^\s@<>,;:"()[\]\\\p{C}]+@[^\s@<>,;:"()[\]\\\p{C}]+$/u.test(text);

/**
 * Sends a letter.
 * @param messageId without its angle brackets
 */
export async function sendLetter(
  address: string,
  messageId: string,
  { subject, text, stop }: Letter,
): Promise<Sending> {
  if (!isAddress(address)) return { outcome: "refused", why: "was not asked: it is no address" };
  const mail: SendMailOptions = {
    from: environment().MAIL_FROM,
    to: { name: "", address },
    messageId: `<${messageId}>`,
    subject,
    text,
    // RFC 3834: suppresses holiday notices.
    headers: {
      "Auto-Submitted": "auto-generated",
      // RFC 8058: mail programs unsubscribe with one click.
      ...(stop !== undefined && {
        "List-Unsubscribe": `<${stop}>`,
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      }),
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  // Loaded only if mail is configured.
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({ url: environment().SMTP_URL, ...timeouts });
  try {
    await transport.sendMail(mail);
    return { outcome: "sent" };
  } catch (error) {
    return whatWentWrong(error as SmtpError);
  } finally {
    transport.close();
  }
}

interface SmtpError {
  code?: string;
  command?: string;
  responseCode?: number;
}

function whatWentWrong({ code, command = "", responseCode }: SmtpError): Sending {
  if (code === "EAUTH") return { outcome: "no-server", why: "refuses the user or the password" };
  if (responseCode !== undefined && /^(RCPT TO|DATA|API)$/.test(command)) {
    return responseCode >= 500
      ? { outcome: "refused", why: `refused it (${responseCode})` }
      : { outcome: "not-now", why: `would not take it yet (${responseCode})` };
  }
  if (responseCode !== undefined) {
    return { outcome: "no-server", why: `refuses what this service says (${responseCode})` };
  }
  if (code === "ETLS") return { outcome: "no-server", why: "has no TLS that is trusted" };
  // It went away half-way: it may have the mail, and gets it again with the same Message-ID.
  if (command === "DATA") return { outcome: "not-now", why: "went away before it took it" };
  return { outcome: "no-server", why: "does not answer" };
}
