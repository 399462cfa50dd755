/**
 * `npm run serve:remix`: the same build under plain remix-serve, in one process. Pages, forms and
 * the API work there; docs/operations.md names what only `npm start` provides.
 */
import { createRequire } from "node:module";
import { onNpmEnd } from "./start/npm.js";
import { prepare } from "./start/preparation.js";

onNpmEnd(() => process.kill(process.pid, "SIGTERM"));
const { port } = await prepare(import.meta.filename);
process.env.PORT = String(port);
process.env.NODE_ENV = "production";
process.argv[2] = "build/server/index.js";
createRequire(import.meta.url)("@remix-run/serve/dist/cli.js");
