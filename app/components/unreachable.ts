/** No answer came. `fetch` reports that as a TypeError, but so are most bugs in scripts. */
export class UnreachableError extends Error {
  override name = "UnreachableError";
}

/** Makes every `fetch` of this page reject with an {@link UnreachableError} if no answer comes. */
export function tellUnreachable(): void {
  const fetch = window.fetch.bind(window);
  window.fetch = async (...request) => {
    try {
      return await fetch(...request);
    } catch (error) {
      // An abort is not a network failure.
      if (!(error instanceof TypeError)) throw error;
      throw new UnreachableError(error.message, { cause: error });
    }
  };
}
