import { open, type FileHandle } from "node:fs/promises";
import { CommandError } from "../terminal/command.ts";

/**
 * The text of a file from any system, a piece at a time: UTF-8 or UTF-16, with every line ended by
 * `\n`.
 */

export interface Source {
  /** what to call it */
  name: string;
  /** bytes; undefined if unknown, as for stdin */
  size: number | undefined;
  /** bytes so far */
  read: number;
  text: AsyncGenerator<string, void, undefined>;
}

/**
 * Opens a file, or stdin for `-`.
 * @param signal ends the text early
 * @throws {CommandError} if it cannot be read, or is not text
 */
export async function openSource(file: string, signal: AbortSignal): Promise<Source> {
  if (file === "-") {
    const source: Source = { name: "stdin", size: undefined, read: 0, text: undefined! };
    source.text = textOf(source, process.stdin, signal);
    return source;
  }
  let handle: FileHandle;
  try {
    handle = await open(file);
  } catch (error) {
    throw unreadable(file, error);
  }
  const stats = await handle.stat();
  if (stats.isDirectory()) {
    await handle.close();
    throw new CommandError(`${file} cannot be read: it is a directory.`);
  }
  const source: Source = {
    name: file,
    size: stats.isFile() ? stats.size : undefined,
    read: 0,
    text: undefined!,
  };
  source.text = textOf(source, handle.createReadStream(), signal);
  return source;
}

async function* textOf(
  source: Source,
  bytes: NodeJS.ReadableStream & { destroy(error?: Error): unknown },
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  // The next piece may never come.
  const stop = () => bytes.destroy();
  signal.addEventListener("abort", stop);
  let decoder: TextDecoder | undefined;
  let start = Buffer.alloc(0);
  let heldBack = "";
  const decoded = (text: string, isLast: boolean) => {
    const whole = heldBack + text;
    // Its other half may begin the next piece.
    heldBack = !isLast && whole.endsWith("\r") ? "\r" : "";
    return whole.slice(0, whole.length - heldBack.length).replace(/\r\n?/g, "\n");
  };
  try {
    for await (const piece of bytes as AsyncIterable<Buffer>) {
      source.read += piece.length;
      if (decoder) yield decoded(decoder.decode(piece, { stream: true }), false);
      else {
        start = Buffer.concat([start, piece]);
        if (start.length < 4) continue;
        decoder = new TextDecoder(encodingOf(source.name, start));
        yield decoded(decoder.decode(start, { stream: true }), false);
      }
    }
    yield decoded(decoder ? decoder.decode() : new TextDecoder().decode(start), true);
  } catch (error) {
    if (!signal.aborted) throw unreadable(source.name, error);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** How files begin that are not text, though they may contain numbers. */
const otherFiles: [start: number[], what: string][] = [
  [[0x50, 0x4b, 0x03, 0x04], "is a spreadsheet or an archive: save it as CSV, and give that"],
  [[0xd0, 0xcf, 0x11, 0xe0], "is a spreadsheet: save it as CSV, and give that"],
  [[0x1f, 0x8b], "is compressed: unpack it, and give what was in it"],
  [[0x25, 0x50, 0x44, 0x46], "is a PDF: give a text file or a CSV"],
];

function encodingOf(name: string, start: Buffer): string {
  const other = otherFiles.find(([first]) => first.every((byte, index) => start[index] === byte));
  if (other) throw new CommandError(`${name} ${other[1]}.`);
  const [a = 0, b = 0, c = 0, d = 0] = start;
  if ((a === 0xff && b === 0xfe) || (a > 0 && b === 0 && c > 0 && d === 0)) return "utf-16le";
  if ((a === 0xfe && b === 0xff) || (a === 0 && b > 0 && c === 0 && d > 0)) return "utf-16be";
  return "utf-8";
}

function unreadable(name: string, error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const why: Record<string, string> = {
    ENOENT: ": there is no such file",
    EACCES: ": you may not read it",
    EISDIR: ": it is a directory",
  };
  return new CommandError(`${name} cannot be read${why[code ?? ""] ?? ` (${code})`}.`);
}
