import { formatPhoneNumber } from "../../app/domain/e164.ts";

/** TwiML as Twilio would read it: parsed, laid out, and put into a sentence. */

export interface Verb {
  name: string;
  attributes: Record<string, string>;
  text: string;
  children: Verb[];
}

const entities: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

function unescape(text: string): string {
  return text.replace(
    /&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi,
    (entity, hex?: string, decimal?: string, name?: string) =>
      name !== undefined
        ? (entities[name] ?? entity)
        : String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal)),
  );
}

/**
 * The verbs of a TwiML document.
 * @throws {SyntaxError} if it is not TwiML, like Twilio's error 12100
 */
export function readTwiml(xml: string): Verb[] {
  const root: Verb = { name: "", attributes: {}, text: "", children: [] };
  const open = [root];
  const token =
    /<\?xml[^>]*\?>|<\/([A-Za-z]+)\s*>|<([A-Za-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;
  if (/^\s/.test(xml)) throw new SyntaxError("white space comes first");
  while (token.lastIndex < xml.length) {
    const at = token.lastIndex;
    const match = token.exec(xml);
    if (!match) throw new SyntaxError(`no XML from “${xml.slice(at, at + 20)}”`);
    const [, closes, opens, attributes = "", empty, text] = match;
    const inner = open.at(-1) ?? root;
    if (text !== undefined) inner.text += unescape(text);
    if (closes !== undefined && open.pop()?.name !== closes) {
      throw new SyntaxError(`</${closes}> closes nothing`);
    }
    if (opens === undefined) continue;
    const verb: Verb = { name: opens, attributes: {}, text: "", children: [] };
    for (const [, name = "", value = ""] of attributes.matchAll(/([\w:-]+)="([^"]*)"/g)) {
      verb.attributes[name] = unescape(value);
    }
    inner.children.push(verb);
    if (empty === "") open.push(verb);
  }
  const [response] = root.children;
  if (open.length !== 1 || response?.name !== "Response") {
    throw new SyntaxError("it is no whole <Response>");
  }
  return response.children;
}

/** The document with a line for each verb. */
export function layOut(xml: string): string {
  let depth = 0;
  return xml
    .replace(/></g, ">\n<")
    .split("\n")
    .map((line) => {
      if (line.startsWith("</")) depth--;
      const indented = "  ".repeat(Math.max(0, depth)) + line;
      if (/^<\w[^]*[^/]>$/.test(line) && !line.includes("</")) depth++;
      return indented;
    })
    .join("\n");
}

/** What the caller hears, as a sentence. */
export function tell(verbs: readonly Verb[]): string {
  if (verbs.length === 0) return "Noted.";
  const parts: string[] = [];
  for (const verb of verbs) {
    if (verb.name === "Reject") {
      return verb.attributes["reason"] === "busy"
        ? "The caller hears a busy line."
        : "The call is refused.";
    }
    if (verb.name === "Hangup") {
      return parts.length === 0
        ? "The call ends."
        : `The caller ${parts.join(", then ")}, and the call ends.`;
    }
    parts.push(tellVerb(verb));
    // Whatever follows these only happens if they fail.
    if (["Dial", "Record", "Redirect", "Connect"].includes(verb.name)) break;
  }
  return `The caller ${parts.join(", then ")}.`;
}

function tellVerb({ name, attributes, text, children: [noun] }: Verb): string {
  switch (name) {
    case "Say":
      return `hears “${text}”`;
    case "Pause":
      return `waits ${attributes["length"] ?? 1} seconds`;
    case "Dial": {
      const rung = noun?.name === "Number" ? formatPhoneNumber(noun.text) : noun?.text;
      return `is connected to ${rung ?? text}, which rings for ${attributes["timeout"] ?? 30} seconds at most`;
    }
    case "Connect":
      return `is connected to the voice agent at ${noun?.attributes["url"]}`;
    case "Record":
      return `may leave a message of ${attributes["maxLength"] ?? 3600} seconds at most`;
    case "Redirect":
      return "is put through again";
    default:
      return `meets <${name}>`;
  }
}
