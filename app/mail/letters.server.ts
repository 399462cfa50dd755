import { environment } from "#app/env.server.ts";

/**
 * What the mails say. Nothing typed by anybody is in them except the address they go to: signing up
 * with somebody else's address must not make this service send that person a text of one's own.
 */

export interface Letter {
  subject: string;
  text: string;
  /** of a mail that is sent again and again: the address that stops it */
  stop?: string;
}

const site = () => environment().PUBLIC_URL;

const end = () => `\n-- \n${site()}\n`;

const hour = "The link can be used once, in the next hour.";

export const letters = {
  resetLink: (token: string): Letter => ({
    subject: "Choose a new password",
    text: `Somebody, probably you, has asked for a new password for your account at ${site()}.

Choose it here:

${site()}/reset/${token}

${hour} If it was not you, there is nothing to do: your password stays as it is.
${end()}`,
  }),

  verifyEmail: (token: string): Letter => ({
    subject: "Confirm your email address",
    text: `This address was given for an account at ${site()}.

If it was you, confirm it here:

${site()}/verify/${token}

The link can be used once, in the next 24 hours. If it was not you, there is nothing to do.
${end()}`,
  }),

  passwordChanged: (): Letter => ({
    subject: "Your password was changed",
    text: `The password of your account at ${site()} was changed, and every browser was signed out.

If it was not you, choose a new password now:

${site()}/forgot
${end()}`,
  }),

  emailChanged: (): Letter => ({
    subject: "Your email address was changed",
    text: `Your account at ${site()} has a new email address, and you sign in with that from now on. This is the last mail to the old one.

If it was not you, write to whoever runs ${site()}.
${end()}`,
  }),

  codesMade: (): Letter => ({
    subject: "New recovery codes were made",
    text: `New recovery codes were made for your account at ${site()}, by somebody who knows your password. Those of before no longer work.

If it was not you, choose a new password now, and tick there that somebody else may know the old one:

${site()}/forgot
${end()}`,
  }),
};
