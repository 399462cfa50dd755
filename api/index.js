/**
 * The function that Vercel runs for every path that is no file of the client build (see
 * vercel.json); elsewhere `npm start` serves, with the same listener.
 */

/**
 * @type {import("@remix-run/node").ServerBuild & { entry: { module: typeof
 * import("../app/entry.server.tsx") } }}
 */
const build = await import(
  // @ts-ignore: made by `npm run build`
  "../build/server/index.js"
);

export default build.entry.module.listener(build);
