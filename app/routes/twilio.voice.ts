import { database, reading } from "#app/db.server.ts";
import { recordIncomingCall } from "#app/domain/call-events.server.ts";
import { findCalledCompany } from "#app/domain/call-handling.server.ts";
import { languageOfNumber } from "#app/domain/spoken-language.ts";
import { log } from "#app/log/log.server.ts";
import { countCall } from "#app/log/metrics.server.ts";
import { twilioRoute } from "#app/twilio/webhook.server.ts";
import {
  cannotConnect,
  closedForNow,
  connectCall,
  notAccepted,
  notInService,
  oneMoment,
  refuseCall,
  twiml,
} from "#app/twilio/twiml.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

const route = twilioRoute(
  async ({ context, event, field, inTime, logFault }) => {
    const { from = "", to = "", callSid } = event;
    const origin = { from, forwardedFrom: field("ForwardedFrom") };
    const called = await inTime(findCalledCompany(reading(), to, origin));
    const companyId = called?.companyId;
    if (called) exchangeOf(context).companyId = companyId;
    // Answering the caller matters more than the call log.
    const recorded = await inTime(
      recordIncomingCall(
        database(),
        { ...event, from, to },
        called && {
          companyId: called.companyId,
          route: called.cameBack
            ? "came-back"
            : called.frozen
              ? "frozen"
              : called.blocked
                ? "blocked"
                : called.handling.mode,
        },
      ),
    ).catch(logFault);
    const refused = called?.cameBack
      ? "rejected"
      : recorded === "too-many" && !called?.blocked
        ? "busy"
        : undefined;
    const isHeld = refused !== undefined || called?.frozen || called?.blocked;
    countCall(isHeld ? "refused" : called ? "connected" : "unmatched");
    if (refused) {
      const why = refused === "busy" ? "too many are going on" : "it came back from the pool";
      log.warn({ callSid, companyId }, `a call was refused: ${why}`);
      return twiml(refuseCall(refused));
    }
    if (called?.frozen) return twiml(closedForNow(called.handling.language));
    if (called?.blocked) return twiml(notAccepted(called.blocked, called.handling.language));
    return twiml(
      called ? connectCall({ from, to }, called.handling) : notInService(languageOfNumber(to)),
    );
  },
  ({ query, event: { to = null } }) => {
    if (!query.has("again")) return twiml(oneMoment(languageOfNumber(to)));
    countCall("not-connected");
    return twiml(cannotConnect(languageOfNumber(to)));
  },
);
export const loader = route.loader;
export const action = route.action;
