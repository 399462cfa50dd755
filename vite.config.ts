import { vitePlugin as remix } from "@remix-run/dev";
import { defineConfig } from "vite";
import remixConfig from "./remix.config.js";
import { unfinishedBuild } from "./scripts/compile/in-place.ts";
import { finishBuild, wholeBuild } from "./scripts/compile/whole-build.ts";

declare module "@remix-run/node" {
  interface Future {
    v3_singleFetch: true;
  }
}

const everywhere =
  /\/app\/components\/(Banner|Brand|ConfigurePhone|ErrorPage|ErrorSummary|Field|Main|PasswordField|PhoneNumber|PostForm|PublicPage|SiteFooter|behind-modal|hydrated|page-title|refresh|request-context|site|unheard-messages|unreachable)\./;
const sharedChunk = (id: string) =>
  id.includes("/node_modules/") || everywhere.test(id) ? "shared" : undefined;

// Remix's own options live in remix.config.js and nowhere else; where a build is made is not an
// option.
export default defineConfig(({ isSsrBuild }) => ({
  plugins: [
    remix({ ...remixConfig, buildDirectory: unfinishedBuild, buildEnd: finishBuild }),
    wholeBuild(),
  ],
  // Discovery would go through the routes and find the server's packages too; Remix names its own.
  optimizeDeps: { noDiscovery: true },
  build: {
    sourcemap: false,
    assetsInlineLimit: 0,
    // Both builds name the stylesheet by its content: with different targets there would be two.
    cssTarget: ["es2020", "chrome87", "edge88", "firefox78", "safari14"],
    ...(!isSsrBuild && {
      // A twentieth less to load than with esbuild.
      minify: "terser",
      // What nearly all pages need is one file: separate files would each be a request, and
      // compress worse.
      rollupOptions: { output: { manualChunks: sharedChunk } },
    }),
    ...(isSsrBuild && {
      target: "node20",
      // Beside index.js, since they look for the migrations relative to themselves.
      rollupOptions: { output: { chunkFileNames: "[name]-[hash].js" } },
    }),
  },
}));
