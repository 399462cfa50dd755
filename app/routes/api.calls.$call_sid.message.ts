import { messageOperation } from "#app/http/api/calls.server.ts";
import { apiRoute, handle } from "#app/http/api-route.server.ts";
import { jsonError } from "#app/http/answers.server.ts";
import { sendSound, soundOf } from "#app/twilio/message-sound.server.ts";

// A program that fetches messages has not heard them: for people they stay unheard.
const route = apiRoute(
  handle(messageOperation, async ({ request, context, company, params }) => {
    const sound = await soundOf({ request, context }, company.id, params.call_sid);
    if (!("error" in sound)) return sendSound(sound);
    const { status, error, headers } = sound;
    if (status === 416) return new Response(null, { status, headers });
    return jsonError(status === 503 ? "unavailable" : "not_found", { error, headers });
  }),
);
export const loader = route.loader;
export const action = route.action;
