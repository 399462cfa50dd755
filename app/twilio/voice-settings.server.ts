import type { TwilioNumber } from "#app/twilio/account.server.ts";

/** Where a number's calls go at Twilio, and where they must go to reach this server. */

/** Where Twilio sends a number's calls. URLs are absolute; empty if none is set. */
export interface VoiceSettings {
  voiceUrl: string;
  voiceMethod: string;
  voiceFallbackUrl: string;
  voiceFallbackMethod: string;
  statusCallback: string;
  statusCallbackMethod: string;
}

/** What a number's settings at Twilio must be for its calls to reach `publicUrl` (an origin). */
function voiceSettings(publicUrl: string): VoiceSettings {
  return {
    voiceUrl: `${publicUrl}/twilio/voice`,
    voiceMethod: "POST",
    voiceFallbackUrl: `${publicUrl}/twilio/voice/fallback`,
    voiceFallbackMethod: "POST",
    statusCallback: `${publicUrl}/twilio/voice/status`,
    statusCallbackMethod: "POST",
  };
}

/** The settings in which `number` differs; empty when its calls reach `publicUrl`. */
export function wrongSettings(number: TwilioNumber, publicUrl: string): Partial<VoiceSettings> {
  return Object.fromEntries(
    Object.entries(voiceSettings(publicUrl)).filter(
      ([name, value]) => number.settings[name as keyof VoiceSettings] !== value,
    ),
  );
}

/**
 * What handles a number's calls instead of its settings, in words: Twilio ignores those then.
 * Undefined if the settings count.
 */
export function otherUse({ handledBy: sid }: TwilioNumber): string | undefined {
  return sid && `${sid.startsWith("TK") ? "SIP trunk" : "TwiML App"} ${sid}`;
}

/**
 * Somebody else's address to which a number's calls or callbacks now go; undefined if there is
 * none, or only the greeting that Twilio gives new numbers.
 */
export function otherAddress(number: TwilioNumber, publicUrl: string): string | undefined {
  const wanted = voiceSettings(publicUrl);
  return (["voiceUrl", "voiceFallbackUrl", "statusCallback"] as const)
    .map((name) => ({ is: number.settings[name], wanted: wanted[name] }))
    .find(({ is, wanted: ours }) => is !== "" && is !== ours && !isTwiliosOwn(is))?.is;
}

/**
 * What keeps a number's calls from coming here, or may in time; `what` follows the number in a
 * sentence, without a full stop.
 */
export interface NumberTrouble {
  kind: "without-voice" | "in-other-use" | "not-pointed-here" | "lacks-address";
  what: string;
}

/** @param publicUrl where calls must go (an origin); undefined skips that check */
export function numberTroubles(
  number: TwilioNumber,
  publicUrl: string | undefined,
): NumberTrouble[] {
  if (!number.voice) {
    return [{ kind: "without-voice", what: "takes no calls at Twilio, only messages" }];
  }
  const use = otherUse(number);
  if (use) return [{ kind: "in-other-use", what: `is in use by ${use}: calls to it go there` }];
  const troubles: NumberTrouble[] = [];
  const wrong = publicUrl ? Object.keys(wrongSettings(number, publicUrl)) : [];
  if (publicUrl && wrong.length > 0) {
    const other = otherAddress(number, publicUrl);
    const what = `does not have this server's ${wrong.join(", ")} at Twilio${other ? `, but ${other}` : ""}`;
    troubles.push({ kind: "not-pointed-here", what });
  }
  if (number.lacksAddress) {
    const what = "has no address at Twilio, which demands one for it and may take it away";
    troubles.push({ kind: "lacks-address", what });
  }
  return troubles;
}

function isTwiliosOwn(address: string): boolean {
  return URL.canParse(address) && new URL(address).hostname === "demo.twilio.com";
}

/**
 * Whether Twilio could call `publicUrl`: it cannot reach names and addresses of this machine or a
 * private network.
 */
export function isReachableByTwilio(publicUrl: string): boolean {
  const { hostname } = new URL(publicUrl);
  const isLocalName = !hostname.includes(".") || /\.(localhost|local|internal)$/.test(hostname);
  const isLocalAddress =
    /^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01]))\.[\d.]+$/.test(hostname) ||
    /^\[(::1?|f[cd].*|fe80.*)\]$/.test(hostname);
  const isPublicIpv6 = hostname.startsWith("[") && !isLocalAddress;
  return isPublicIpv6 || !(isLocalName || isLocalAddress);
}
