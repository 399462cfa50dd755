import { createServer, type Server, type Socket } from "node:net";
import { SMTPServer } from "smtp-server";
import { cleanUpLater } from "./clean-up.ts";

/** A mail that has arrived. */
export interface ArrivedMail {
  from: string;
  to: string[];
  /** headers and body as received */
  raw: string;
  /** the header fields, unfolded */
  header(name: string): string | undefined;
  /** the paths of the links in it */
  links: string[];
}

/** What a mail server does with a mail. */
export type Manners =
  | "takes"
  /** answers 550 to the recipient, for good */
  | "refuses"
  /** answers 450 to the recipient, for now */
  | "not-now"
  /** takes the whole mail, and cuts the connection instead of confirming it */
  | "drops-after-data"
  /** never says anything, not even hello */
  | "hangs"
  /** goes silent once a recipient is named */
  | "hangs-at-recipient"
  /** takes the whole mail, and never confirms it */
  | "hangs-after-data";

/** A real mail server, on 127.0.0.1. */
export interface MailServer {
  url: string;
  /** what it does from now on; a number means that each mail takes that many milliseconds */
  manners: Manners | number;
  /** the addresses to which `manners` applies; to all, if there are none */
  towards: string[];
  /** everything that has arrived, confirmed or not */
  arrived: ArrivedMail[];
  /** how many there are now */
  readonly connections: number;
  /** Cuts them all. */
  hangUp(): void;
}

/** Starts one; it stops when the test, or the file that started it in a `beforeAll`, is over. */
export async function startMailServer(): Promise<MailServer> {
  const sockets = new Set<Socket>();
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  const mail: MailServer = {
    url: "",
    manners: "takes",
    towards: [],
    arrived: [],
    get connections() {
      return sockets.size;
    },
    hangUp,
  };
  const towards = (address: string) =>
    mail.towards.length === 0 || mail.towards.includes(address) ? mail.manners : "takes";
  const smtp = new SMTPServer({
    disabledCommands: ["AUTH", "STARTTLS"],
    onRcptTo({ address }, _session, done) {
      const manners = towards(address);
      if (manners === "hangs-at-recipient") return;
      const code = { refuses: 550, "not-now": 450 }[manners as string];
      done(code ? Object.assign(new Error("no"), { responseCode: code }) : null);
    },
    onData(stream, session, done) {
      let raw = "";
      stream.setEncoding("utf8").on("data", (text: string) => (raw += text));
      stream.on("end", () => {
        const { mailFrom, rcptTo } = session.envelope;
        mail.arrived.push(read(raw, mailFrom ? mailFrom.address : "", rcptTo));
        const manners = towards(rcptTo[0]?.address ?? "");
        if (manners === "drops-after-data") hangUp();
        else if (manners !== "hangs-after-data") {
          setTimeout(done, typeof manners === "number" ? manners : 0);
        }
      });
    },
  });
  smtp.on("error", () => {});
  const front: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    if (mail.manners !== "hangs")
      (smtp as unknown as { connect(socket: Socket): void }).connect(socket);
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  const { port } = front.address() as { port: number };
  mail.url = `smtp://127.0.0.1:${port}`;
  cleanUpLater(async () => {
    hangUp();
    await new Promise<void>((resolve) => front.close(() => resolve()));
  });
  return mail;
}

function read(raw: string, from: string, to: { address: string }[]): ArrivedMail {
  const [head = "", ...body] = raw.split("\r\n\r\n");
  const fields = head.replace(/\r\n[ \t]+/g, " ").split("\r\n");
  const text = body.join("\r\n\r\n").replace(/=\r\n/g, "").replace(/=3D/g, "=");
  return {
    from,
    to: to.map(({ address }) => address),
    raw,
    header: (name) =>
      fields
        .find((field) => field.toLowerCase().startsWith(`${name.toLowerCase()}: `))
        ?.slice(name.length + 2),
    links: [...text.matchAll(/https?:\/\/[^/\s]+(\/(?:reset|verify|told)\/[\w-]+)/g)].map(
      ([, path]) => path!,
    ),
  };
}
