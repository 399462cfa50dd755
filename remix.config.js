/**
 * The only home of Remix's options; vite.config.ts passes them to the plugin.
 *
 * @type {import("@remix-run/dev").AppConfig}
 */
export default {
  ignoredRouteFiles: ["**/.*"],
  serverModuleFormat: "esm",
  future: {
    v3_fetcherPersist: true,
    v3_relativeSplatPath: true,
    v3_singleFetch: true,
    v3_throwAbortReason: true,
    v3_routeConfig: false,
    // Its /__manifest answers for any list of paths, and a long one blocks the process.
    v3_lazyRouteDiscovery: false,
  },
};
