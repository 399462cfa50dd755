import { database } from "../app/db.server.ts";
import { proveAssignmentRules } from "../app/doctor/proof.server.ts";
import { paint, printJson, requireDatabase, runCommand } from "./terminal/command.ts";

await runCommand(
  {
    name: "npm run numbers:test --",
    summary:
      "Proves the rules of assignment on the configured database, in a transaction that is rolled back: safe on production.",
    examples: [["", "prints a line for each rule; exit code 1 where one fails"]],
    options: {},
  },
  async (args) => {
    requireDatabase();
    const proofs = await proveAssignmentRules(database());
    const failed = proofs.filter(({ failure }) => failure !== undefined).length;
    if (args.has("json")) {
      printJson({
        passed: proofs.length - failed,
        failed,
        rules: proofs.map(({ rule, failure }) => ({
          rule,
          holds: failure === undefined,
          failure: failure ?? null,
        })),
      });
    } else {
      for (const { rule, failure } of proofs) {
        process.stdout.write(
          `${failure === undefined ? "holds " : "FAILS "} ${rule}${failure === undefined ? "" : `: ${failure}`}\n`,
        );
      }
      process.stdout.write(
        `\n${proofs.length - failed} rules hold, ${failed} fail. Nothing was left behind.\n`,
      );
      process.stderr.write(
        failed > 0
          ? `${paint("red", "Next:")} “npm run doctor” says what is wrong and how to mend it.\n`
          : "Next: “npm run numbers” shows the pool.\n",
      );
    }
    return failed > 0 ? 1 : 0;
  },
);
