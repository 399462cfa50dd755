/**
 * Calls `ended` when the npm that started this process has gone. Its shell passes no signal on, so
 * all that can be seen is a change of parent.
 * @param {() => void} ended
 * @returns {() => void} a function that looks once more, and then stops looking
 */
export function onNpmEnd(ended) {
  if (!process.env.npm_lifecycle_event) return () => {};
  const parent = process.ppid;
  const look = () => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    ended();
  };
  const watch = setInterval(look, 250).unref();
  return () => {
    look();
    clearInterval(watch);
  };
}
