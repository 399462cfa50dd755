/**
 * If `work` fails, ends the run with exit code 1 and the error's message alone: vitest would put
 * "No test files found" and a stack before the one line that says what to do.
 */
export async function orExit<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: Error) => {
    console.error(error.message);
    process.exit(1);
  });
}
