/** That no answer came. `fetch` says it with a TypeError, which is also what most faults of a script are. */
export class UnreachableError extends Error {
  override name = "UnreachableError";
}

/** Has every `fetch` of this page reject with an {@link UnreachableError} where no answer comes. */
export function tellUnreachable(): void {
  const fetch = window.fetch.bind(window);
  window.fetch = async (...request) => {
    try {
      return await fetch(...request);
    } catch (error) {
      // Whoever stopped it knows why.
      if (!(error instanceof TypeError)) throw error;
      throw new UnreachableError(error.message, { cause: error });
    }
  };
}
