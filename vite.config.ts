import { vitePlugin as remix } from "@remix-run/dev";
import { defineConfig } from "vite";
import remixConfig from "./remix.config.js";
import { wholeBuild } from "./scripts/compile/whole-build.ts";

declare module "@remix-run/node" {
  interface Future {
    v3_singleFetch: true;
  }
}

// Remix's own options live in remix.config.js and nowhere else.
export default defineConfig(({ isSsrBuild }) => ({
  plugins: [remix(remixConfig), wholeBuild()],
  build: {
    sourcemap: false,
    assetsInlineLimit: 0,
    ...(isSsrBuild ? { target: "node20" } : {}),
  },
}));
