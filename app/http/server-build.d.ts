/** The module that Remix's Vite plugin makes: the server build, as the app itself may import it. */
declare module "virtual:remix/server-build" {
  export const routes: import("@remix-run/node").ServerBuild["routes"];
}
