import { afterAll, onTestFinished, TestRunner } from "vitest";

type CleanUp = () => Promise<unknown>;

const atFileEnd: CleanUp[] = [];

/**
 * Runs `cleanUp` when the running test (or the one whose `beforeEach` this is) has finished,
 * whatever its outcome, or, if called from a `beforeAll`, when the test file has. Last in, first
 * done.
 */
export function cleanUpLater(cleanUp: CleanUp): void {
  if (TestRunner.getCurrentTest()) {
    onTestFinished(async () => void (await cleanUp()), 60_000);
  } else {
    atFileEnd.push(cleanUp);
  }
}

/** For the setup file: cleans up at the end of each test file. */
export function cleanUpAfterEachFile(): void {
  afterAll(async () => {
    const failures: unknown[] = [];
    for (const cleanUp of atFileEnd.splice(0).reverse()) {
      await cleanUp().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) {
      throw new AggregateError(failures, "The clean-up of this file failed");
    }
  }, 120_000);
}
