import { cleanUpAfterEachFile } from "./clean-up.ts";
import { failOnConsoleError } from "./console.ts";
import { blankAppVariables } from "./environment.ts";

Object.assign(process.env, blankAppVariables());
failOnConsoleError();
cleanUpAfterEachFile();

// A worker that hangs when the run is killed would otherwise hang for ever, with all that it started.
process.once("disconnect", () => process.exit(1));
