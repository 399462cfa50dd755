/**
 * Ends the run with exit code 1 and the message of the error that `work` ends with, if it does:
 * vitest would put "No test files found" and a stack before the one line that says what to do.
 */
export async function orExit<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: Error) => {
    console.error(error.message);
    process.exit(1);
  });
}
