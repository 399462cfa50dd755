import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";
import { scratchDirectory } from "./scratch.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The Chromium that the browser tests start. */
    chromium: Chromium;
  }
}

export interface Chromium {
  executablePath: string;
  /** variables that it needs besides the process's own */
  env: Record<string, string>;
}

const usualPlaces = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/snap/bin/chromium",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
];

/** What `launch` needs to start `found`. */
export function launchOptions(found: Chromium) {
  return {
    executablePath: found.executablePath,
    env: { ...(process.env as Record<string, string>), ...found.env },
    args: ["--font-render-hinting=none"],
  };
}

async function whyNot(candidate: Chromium): Promise<string | undefined> {
  if (!existsSync(candidate.executablePath)) {
    return `${candidate.executablePath} is not there`;
  }
  try {
    const browser = await chromium.launch({
      ...launchOptions(candidate),
      timeout: 30_000,
    });
    await browser.close();
    return undefined;
  } catch (error) {
    const [line] = (error as Error).message.split("\n");
    return `${candidate.executablePath}: ${line}`;
  }
}

/**
 * Unpacks the Chromium of `@sparticuz/chromium` into `directory`, in a separate process because it
 * goes by TMPDIR.
 */
function unpack(directory: string): Chromium[] {
  const { stdout, status } = spawnSync(
    process.execPath,
    [
      "--input-type=module",
      "-e",
      `import chromium from "@sparticuz/chromium"; console.log(await chromium.executablePath());`,
    ],
    {
      encoding: "utf8",
      env: {
        ...process.env,
        TMPDIR: directory,
        // Makes it unpack the shared libraries too, which a bare system lacks.
        AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x",
      },
    },
  );
  if (status !== 0) return [];
  const executablePath = stdout.trim();
  const fonts: Record<string, string> = existsSync("/etc/fonts/fonts.conf")
    ? {}
    : { FONTCONFIG_PATH: path.join(directory, "fonts") };
  const libraries: Record<string, string> = {
    LD_LIBRARY_PATH: path.join(directory, "al2023", "lib"),
  };
  return [
    { executablePath, env: fonts },
    { executablePath, env: { ...fonts, ...libraries } },
  ];
}

/**
 * Finds a Chromium that starts: only the one that `chromiumPath` names, if it does; otherwise the
 * one that `npm install` brings (Linux), or else what Playwright or the system has.
 * @returns it, and a function to call when the run is over
 * @throws one line that says what to do, if none starts
 */
export async function findChromium(
  chromiumPath: string | undefined,
): Promise<{ chromium: Chromium; remove(): void }> {
  const reasons: string[] = [];
  const firstThatStarts = async (candidates: Chromium[]) => {
    for (const candidate of candidates) {
      const reason = await whyNot(candidate);
      if (reason === undefined) return candidate;
      reasons.push(reason);
    }
    return undefined;
  };
  const refuse = () =>
    new Error(
      `Chromium does not start here (${reasons.join("; ") || "none was found"}). Set CHROMIUM_PATH to the program of a Chromium or Chrome, such as /usr/bin/chromium.`,
    );

  if (chromiumPath) {
    const named = await firstThatStarts([{ executablePath: chromiumPath, env: {} }]);
    if (!named) throw refuse();
    return { chromium: named, remove() {} };
  }

  if (process.platform === "linux") {
    const directory = scratchDirectory("test-chromium-");
    const unpacked = await firstThatStarts(unpack(directory.path));
    if (unpacked) {
      return { chromium: unpacked, remove: () => directory.remove() };
    }
    directory.remove();
  }

  const installed = await firstThatStarts(
    [chromium.executablePath(), ...usualPlaces]
      .filter((executablePath) => existsSync(executablePath))
      .map((executablePath) => ({ executablePath, env: {} })),
  );
  if (!installed) throw refuse();
  return { chromium: installed, remove() {} };
}
