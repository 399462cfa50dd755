import type { TestProject } from "vitest/node";
import { findChromium } from "./chromium.ts";
import { orExit } from "./or-exit.ts";

/** Finds a Chromium that starts, for projects whose tests need one. */
export default async function setUp(project: TestProject) {
  const found = await orExit(findChromium(process.env["CHROMIUM_PATH"]));
  project.provide("chromium", found.chromium);
  return () => found.remove();
}
