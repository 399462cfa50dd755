import { cleanUpAfterEachFile } from "./clean-up.ts";
import { failOnConsoleError } from "./console.ts";
import { blankAppVariables } from "./environment.ts";

Object.assign(process.env, blankAppVariables());
failOnConsoleError();
cleanUpAfterEachFile();

// Otherwise a worker that hangs when the run is killed would hang for ever, with everything it
// started.
process.once("disconnect", () => process.exit(1));
