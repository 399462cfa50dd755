import { database, reading } from "#app/db.server.ts";
import { recordIncomingCall } from "#app/domain/call-events.server.ts";
import { findCalledCompany } from "#app/domain/call-handling.server.ts";
import { countCall } from "#app/log/metrics.server.ts";
import { twilioRoute } from "#app/twilio/webhook.server.ts";
import {
  cannotConnect,
  connectCall,
  notInService,
  oneMoment,
  twiml,
} from "#app/twilio/twiml.server.ts";
import { exchangeOf } from "#app/server/exchange.server.ts";

const route = twilioRoute(
  async ({ context, event, inTime, logFault }) => {
    const { from = "", to = "" } = event;
    const called = await inTime(findCalledCompany(reading(), to));
    if (called) exchangeOf(context).companyId = called.companyId;
    countCall(called ? "connected" : "unmatched");
    // The caller matters more than the log.
    await inTime(
      recordIncomingCall(
        database(),
        { ...event, from, to },
        called && { companyId: called.companyId, route: called.handling.mode },
      ),
    ).catch(logFault);
    return twiml(called ? connectCall({ from, to }, called.handling) : notInService());
  },
  ({ query }) => {
    if (!query.has("again")) return twiml(oneMoment());
    countCall("not-connected");
    return twiml(cannotConnect());
  },
);
export const loader = route.loader;
export const action = route.action;
