import { spawnSync } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { cleanUpLater } from "./clean-up.ts";
import { scratchDirectory } from "./scratch.ts";

/** Browsers that show text in a terminal, without scripts or style sheets. */
export const textBrowsers = ["lynx", "w3m"] as const;
type Program = (typeof textBrowsers)[number];

const commands: Record<Program, string> = {
  lynx: "lynx -accept_all_cookies",
  w3m: "w3m -cookie",
};

/** Whether this machine has the browser, and tmux to serve as its terminal. */
export function isInstalled(program: string): boolean {
  return [program, "tmux"].every(
    (name) => spawnSync("which", [name], { stdio: "ignore" }).status === 0,
  );
}

let opened = 0;

/** A text browser in a terminal, used by its keys and read from its screen. */
export class TextBrowser {
  readonly #socket = `text-browser-${process.pid}-${++opened}`;

  /** whether it has complained, for seconds, that a redirect is not absolute */
  saidNotAbsolute = false;

  /** @param pauses whether it pauses at its messages, as it does for people */
  constructor(
    readonly program: Program,
    url: string,
    pauses = false,
  ) {
    const home = scratchDirectory("text-browser-");
    cleanUpLater(async () => {
      this.#tmux("kill-server");
      home.remove();
    });
    const start = `env HOME=${home.path} LC_ALL=C.UTF-8 TERM=screen ${commands[program]}${program === "lynx" && !pauses ? " -nopause" : ""} ${url}`;
    this.#tmux("-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "120", start);
  }

  /** Everything on the screen. */
  screen(): string {
    const screen = this.#tmux("capture-pane", "-p");
    this.saidNotAbsolute ||= screen.includes("URL is not absolute");
    return screen;
  }

  /** Waits until the screen shows `text`. */
  async shows(text: string | RegExp): Promise<void> {
    await this.#until(
      () => (typeof text === "string" ? this.screen().includes(text) : text.test(this.screen())),
      `show ${text}`,
    );
  }

  /**
   * Moves on, from link to link and field to field, to the first in a line with `text`.
   * @param below instead to the first below that line, with at most one blank line between them
   */
  async goTo(text: string, below = false): Promise<void> {
    for (let steps = 0; steps < 80; steps++) {
      if (this.#lineOfCursor(below).includes(text)) return;
      await this.goOn();
    }
    throw new Error(`${this.program} does not come to ${text}:\n${this.screen()}`);
  }

  /** Presses the link, button or radio in a line with `text`. */
  async press(text: string): Promise<void> {
    await this.goTo(text);
    this.pressHere();
  }

  /** Presses the link or button that begins with `text`, whatever else is on its line. */
  async pressAt(text: string): Promise<void> {
    const seen: string[] = [];
    for (let here = this.#fromCursor(); !here.startsWith(text); here = this.#fromCursor()) {
      seen.push(here);
      if (seen.length > 80) {
        throw new Error(`${this.program} comes to ${seen.join("")}and not to ${text}`);
      }
      await this.goOn();
    }
    this.pressHere();
  }

  /** Moves on to the next link, button or field. */
  async goOn(): Promise<void> {
    const before = this.#seen();
    this.#key("Tab");
    await this.#until(() => this.#seen() !== before, "go on");
  }

  /** Presses what it has moved to. */
  pressHere(): void {
    this.#key("Enter");
  }

  /** Types into the field in the line with `label`, and into those after it. */
  async fill(label: string, ...texts: string[]): Promise<void> {
    await this.goTo(label);
    for (const [index, text] of texts.entries()) {
      if (index > 0) await this.goOn();
      await this.#type(text);
    }
  }

  /** Types into the field below `label`. */
  async fillBelow(label: string, text: string): Promise<void> {
    await this.goTo(label, true);
    await this.#type(text);
  }

  /** Replaces the text in the field below `label`. */
  async retypeBelow(label: string, text: string): Promise<void> {
    await this.goTo(label, true);
    await this.#type(text, true);
  }

  /** Cancels at the browser's prompt. */
  async cancel(): Promise<void> {
    const before = this.screen();
    if (this.program === "w3m") this.#key("C-c");
    else this.#key("c");
    await this.#until(() => this.screen() !== before, "go back");
  }

  async #type(text: string, anew = false): Promise<void> {
    if (text === "") return;
    const before = this.screen();
    if (this.program === "w3m") {
      // It asks for the text on its last line.
      this.#key("Enter");
      await this.shows(/(TEXT|Password):/);
    }
    if (anew) this.#key("C-u");
    this.#tmux("send-keys", "-l", text);
    if (this.program === "w3m") {
      this.#key("Enter");
      await this.#until(() => !/(TEXT|Password):/.test(this.screen()), "take the text");
    } else {
      await this.#until(() => this.screen() !== before, "take the text");
    }
  }

  #seen(): string {
    return this.#tmux("display", "-p", "#{cursor_x},#{cursor_y}") + this.screen();
  }

  #fromCursor(): string {
    const column = Number(this.#tmux("display", "-p", "#{cursor_x}"));
    // Lynx puts the cursor before the space in front of a link, and marks a button, with its value
    // or as such.
    return this.#lineOfCursor(false)
      .slice(column)
      .replace(/^ ?(\(\w+\) )?/, "");
  }

  #lineOfCursor(below: boolean): string {
    const line = Number(this.#tmux("display", "-p", "#{cursor_y}"));
    const [from, to] = below ? [Math.max(0, line - 2), line - 1] : [line, line];
    return this.#tmux("capture-pane", "-p", "-S", String(from), "-E", String(to));
  }

  #key(key: string): void {
    this.#tmux("send-keys", key);
  }

  async #until(done: () => boolean, what: string): Promise<void> {
    for (const end = Date.now() + 10_000; !done(); await setTimeout(30)) {
      if (Date.now() > end) {
        throw new Error(`${this.program} does not ${what}:\n${this.screen()}`);
      }
    }
  }

  #tmux(...args: string[]): string {
    const { TMUX: _, ...env } = process.env;
    return spawnSync("tmux", ["-L", this.#socket, ...args], { encoding: "utf8", env }).stdout ?? "";
  }
}
