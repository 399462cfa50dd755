// Profiles the server that is started with it (`node --import`): NODE_OPTIONS offers no other way.
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector";
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  const session = new Session();
  session.connect();
  session.post("Profiler.enable");
  session.post("Profiler.start");
  process.on("exit", () => {
    session.post("Profiler.stop", (error, { profile }) => {
      if (error) throw error;
      writeFileSync(`${process.env.PROFILE_DIRECTORY}/${process.pid}`, JSON.stringify(profile));
    });
  });
}
