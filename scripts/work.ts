import { reading } from "../app/db.server.ts";
import { logToStderr } from "../app/log/log.server.ts";
import { jobs } from "../app/work/jobs.server.ts";
import { isFree } from "../app/work/leases.server.ts";
import { doJob, keepWorking, type JobOutcome } from "../app/work/work.server.ts";
import { printJson, requireDatabase, runCommand } from "./terminal/command.ts";

const says: Record<JobOutcome, string> = {
  done: "done",
  failed: "failed; the log says why, and it is tried again",
  "not-due": "nothing to do now",
};

// A job that is cut off is done again.
const untilKilled = new AbortController().signal;

await runCommand(
  {
    name: "npm run work --",
    summary:
      "Does what is done in the background: mail, expiry, warnings. “npm start” does it by itself; where no process lives long, cron runs this every minute or five.",
    examples: [
      ["--once", "does what is due now, and ends"],
      ["", "goes on until Ctrl-C"],
    ],
    options: { once: { type: "boolean", help: "do what is due now, and end" } },
    stopped: () => "What was not finished is done by whoever works next.",
  },
  async (args) => {
    requireDatabase();
    // Without a working database every job would fail; this way it is one line.
    await isFree(reading(), jobs[0]!.name);
    logToStderr();
    if (!args.has("once")) {
      process.stderr.write("Working until Ctrl-C…\n");
      await keepWorking(jobs, untilKilled);
      return 0;
    }
    const done: { job: string; outcome: JobOutcome }[] = [];
    for (const job of jobs) {
      done.push({ job: job.name, outcome: await doJob(job, untilKilled) });
    }
    if (args.has("json")) printJson({ jobs: done });
    else for (const { job, outcome } of done) process.stdout.write(`${job}: ${says[outcome]}\n`);
    return done.some(({ outcome }) => outcome === "failed") ? 1 : 0;
  },
);
