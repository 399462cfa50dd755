import type { LoaderFunctionArgs } from "@remix-run/node";
import { dayIn } from "#app/domain/days.ts";
import { plainText } from "#app/http/answers.server.ts";
import { noteHeard, sendSound, soundOf } from "#app/twilio/message-sound.server.ts";
import { requireCompany } from "#app/http/session.server.ts";
import { forStream } from "#app/http/streamed.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

/** A message to play or, with `?download=1`, to save. Requesting it marks it as heard. */
export function loader({ params, ...asked }: LoaderFunctionArgs): Promise<Response> {
  return forStream(asked, async () => {
    const { id, timeZone } = await requireCompany(asked);
    // Under `.data`, Remix would read it to its end before sending a byte.
    if (exchangeOf(asked.context).path.endsWith(".data")) return plainText(404, "Not found");
    const callSid = params.call_sid ?? "";
    const sound = await soundOf(asked, id, callSid);
    if ("error" in sound) return plainText(sound.status, sound.error, sound.headers);
    const isPrefetch = asked.request.headers.get("Sec-Purpose")?.startsWith("prefetch");
    if (asked.request.method === "GET" && !isPrefetch) await noteHeard(id, callSid);
    const { from, startedAt } = sound.message;
    const who = from.replaceAll(/\D/g, "") || "unknown";
    const type = sound.headers["Content-Type"] === "audio/mpeg" ? "mp3" : "wav";
    const name = `message-${dayIn(timeZone, new Date(startedAt))}-${who}.${type}`;
    const isDownload = new URL(asked.request.url).searchParams.get("download") === "1";
    return sendSound(sound, {
      "Content-Disposition": `${isDownload ? "attachment" : "inline"}; filename="${name}"`,
    });
  });
}
