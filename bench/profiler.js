// What a server is started with (`node --import`) to be profiled, which NODE_OPTIONS has no other way to say.
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
