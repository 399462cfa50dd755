import type { Knex } from "knex";
import {
  isMailDue,
  nextMail,
  putOff,
  sendsMail,
  takeOut,
  type QueuedMail,
} from "#app/domain/mail-queue.server.ts";
import { resetLinkForMail } from "#app/domain/password-reset.server.ts";
import { verifyLinkForMail } from "#app/domain/verified-emails.server.ts";
import { namedCaller } from "#app/domain/callers.ts";
import { formatPhoneNumber } from "#app/domain/e164.ts";
import { findCalls } from "#app/domain/calls.server.ts";
import { timeZoneOf } from "#app/domain/time-zone.server.ts";
import { makeToldLink, toldAddresses } from "#app/domain/told-addresses.server.ts";
import { environment } from "#app/env.server.ts";
import { callsLetter, confirmToldLetter, idleLetter } from "#app/mail/call-letters.server.ts";
import { letters, type Letter } from "#app/mail/letters.server.ts";
import { sendLetter } from "#app/mail/transport.server.ts";
import type { Job } from "#app/work/work.server.ts";

/** Sends the mail that is due, one at a time. */
export const mail: Job = {
  name: "mail",
  everySeconds: 0,
  lookSeconds: 2,
  isWanted: async (db) => sendsMail() && (await isMailDue(db)),
  async run(db, signal) {
    while (!signal.aborted) {
      const next = await nextMail(db);
      if (!next) return;
      await send(db, next);
    }
  },
};

async function send(db: Knex, queued: QueuedMail): Promise<void> {
  const written = await write(db, queued);
  if (!written) return takeOut(db, queued);
  const sending = await sendLetter(written.to, queued.messageId, written.letter);
  if (sending.outcome === "sent") await takeOut(db, queued);
  else await putOff(db, queued, sending.why, sending.outcome);
}

/**
 * The letter and where it goes, with a link of its own; undefined if there is no longer anybody to
 * write to.
 */
async function write(
  db: Knex,
  { kind, companyId, address, about, tries }: QueuedMail,
): Promise<{ to: string; letter: Letter } | undefined> {
  switch (kind) {
    case "reset-link": {
      const link = await resetLinkForMail(db, address, tries > 0);
      return link && { to: link.email, letter: letters.resetLink(link.token) };
    }
    case "verify-email": {
      const token =
        companyId === null ? undefined : await verifyLinkForMail(db, companyId, address);
      return token === undefined ? undefined : { to: address, letter: letters.verifyEmail(token) };
    }
    case "calls":
    case "told-confirm":
      return companyId === null ? undefined : writeTold(db, kind, companyId, address, about ?? "");
    case "number-idle":
      return {
        to: address,
        letter: idleLetter(formatPhoneNumber(about ?? ""), environment().IDLE_DAYS),
      };
    case "password-changed":
      return { to: address, letter: letters.passwordChanged() };
    case "email-changed":
      return { to: address, letter: letters.emailChanged() };
    case "codes-made":
      return { to: address, letter: letters.codesMade() };
  }
}

/** Calls erased since are left out, and an address that has stopped these mails gets none. */
async function writeTold(
  db: Knex,
  kind: "calls" | "told-confirm",
  companyId: number,
  address: string,
  about: string,
): Promise<{ to: string; letter: Letter } | undefined> {
  const told = (await toldAddresses(db, companyId)).find(({ email }) => email === address);
  if (!told || told.confirmed === (kind === "told-confirm")) return undefined;
  const link = async () =>
    `${environment().PUBLIC_URL}/told/${await makeToldLink(db, companyId, address)}`;
  if (kind === "told-confirm") return { to: address, letter: confirmToldLetter(await link()) };
  const timeZone = await timeZoneOf(db, companyId);
  const calls = await findCalls(db, companyId, about.split(" "));
  if (timeZone === undefined || calls.length === 0) return undefined;
  const letter = callsLetter(
    calls.map(({ from, startedAt, message, recordingSeconds }) => ({
      from: namedCaller(from),
      startedAt,
      message: message === null ? null : (recordingSeconds ?? 0),
    })),
    timeZone,
    await link(),
  );
  return { to: address, letter };
}
