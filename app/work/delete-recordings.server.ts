import {
  dueRecordings,
  recordingDeleted,
  recordingNotDeleted,
} from "#app/domain/recordings-to-delete.server.ts";
import { deleteRecording, hasRecordingsAccount } from "#app/twilio/recordings.server.ts";
import type { Job } from "#app/work/work.server.ts";

const atOnce = 50;

/** Deletes messages at Twilio whose calls are gone here. */
export const recordings: Job = {
  name: "recordings",
  everySeconds: 60,
  isWanted: async (db) => hasRecordingsAccount() && (await dueRecordings(db, 1)).length > 0,
  async run(db, signal) {
    for (;;) {
      const due = await dueRecordings(db, atOnce);
      if (due.length === 0) return;
      for (const sid of due) {
        if (signal.aborted) return;
        const deletion = await deleteRecording(sid, signal);
        if (signal.aborted && deletion.outcome !== "deleted") return;
        if (deletion.outcome === "deleted") await recordingDeleted(db, sid);
        else await recordingNotDeleted(db, sid, deletion.why);
        if (deletion.outcome === "unavailable") return;
      }
    }
  },
};
