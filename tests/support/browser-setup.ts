import type { TestProject } from "vitest/node";
import { findChromium } from "./chromium.ts";
import { orExit } from "./or-exit.ts";

/** Gives the tests of a project that needs one a Chromium that starts. */
export default async function setUp(project: TestProject) {
  const found = await orExit(findChromium(process.env["CHROMIUM_PATH"]));
  project.provide("chromium", found.chromium);
  return () => found.remove();
}
