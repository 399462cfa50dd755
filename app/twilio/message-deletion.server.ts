import { database } from "#app/db.server.ts";
import type { By } from "#app/domain/audit.server.ts";
import { deleteMessage } from "#app/domain/messages.server.ts";
import { recordingDeleted, recordingNotDeleted } from "#app/domain/recordings-to-delete.server.ts";
import { deleteRecording, hasRecordingsAccount } from "#app/twilio/recordings.server.ts";

/** Milliseconds that a person waits for Twilio; later the job tries again. */
const patience = 5_000;

/**
 * Deletes a message here and at Twilio.
 * @returns "deleted-here" if Twilio still has it: it is queued, and tried until Twilio no longer
 * has it
 */
export async function deleteWithSound(
  companyId: number,
  callSid: string,
  by: By,
): Promise<"deleted" | "deleted-here" | "no-message"> {
  const deletion = await deleteMessage(database(), companyId, callSid, by);
  if (deletion.outcome === "no-message") return "no-message";
  const { recordingSid } = deletion;
  if (recordingSid === null) return "deleted";
  if (!hasRecordingsAccount()) return "deleted-here";
  const atTwilio = await deleteRecording(recordingSid, AbortSignal.timeout(patience));
  if (atTwilio.outcome === "deleted") {
    await recordingDeleted(database(), recordingSid);
    return "deleted";
  }
  await recordingNotDeleted(database(), recordingSid, atTwilio.why);
  return "deleted-here";
}
