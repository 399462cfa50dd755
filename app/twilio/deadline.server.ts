/** Work that was not done in time. It continues unobserved, however it ends. */
export class DeadlineError extends Error {
  override name = "DeadlineError";
}

/**
 * How long an answer to Twilio may wait for the database in all; Twilio itself gives up after 15
 * seconds.
 */
export const answerWithin = 2_000;

/**
 * Starts the clock for everything done with the function it returns, which waits for `work` until
 * the time is up.
 * @param milliseconds for all of it together
 * @throws {DeadlineError}
 */
export function deadline(milliseconds: number): <T>(work: Promise<T>) => Promise<T> {
  const end = performance.now() + milliseconds;
  return async (work) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new DeadlineError(`not done within ${milliseconds} ms`)),
        Math.max(0, end - performance.now()),
      );
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  };
}
