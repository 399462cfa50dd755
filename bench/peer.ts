/**
 * The yardstick: the same work with only Fastify and pg, on the app's own tables. It has the costly
 * basics (session, list, signature, storing a call, a log line) and nothing else of the app (pages,
 * limits, security headers), so a ratio to it is the price of all that.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import Fastify, { type FastifyRequest } from "fastify";
import pg from "pg";
import pino from "pino";

const env = process.env as Record<string, string>;
const database = new pg.Pool({ connectionString: env.DATABASE_URL, max: 10 });
const log = pino(pino.destination(1));
const app = Fastify();

interface Company {
  id: number;
  phone_number: string | null;
}

async function signedIn({ headers }: FastifyRequest): Promise<Company> {
  const id = /(?:^|; )session=([\w-]{43})/.exec(headers.cookie ?? "")?.[1];
  const { rows } = await database.query<Company>({
    name: "session",
    text: `select c.id, c.company_name, c.owner_name, c.email, c.phone, c.twilio_phone_number as phone_number, s.last_seen_at
             from company_sessions s join companies c on c.id = s.company_id
            where s.id_hash = $1 and s.expires_at > now() at time zone 'utc'`,
    values: [
      createHash("sha256")
        .update(id ?? "")
        .digest("hex"),
    ],
  });
  if (!rows[0]) throw Object.assign(new Error(), { statusCode: 401 });
  return rows[0];
}

app.get("/healthz", () => ({ status: "ok" }));

app.get("/api/phone-numbers/current", async (request) => {
  const { phone_number } = await signedIn(request);
  return { success: true, phone_number, has_phone: phone_number !== null };
});

app.get<{ Querystring: { limit?: string } }>("/api/phone-numbers/available", async (request) => {
  await signedIn(request);
  const limit = Number(request.query.limit ?? 100);
  const { rows } = await database.query<{
    id: string;
    phone_number: string;
    created_at: Date;
  }>({
    name: "available",
    text: `select id, phone_number, created_at from twilio_phone_numbers where status = 'available'
              order by coalesce(created_at, '1970-01-01 00:00:00'), id limit $1`,
    values: [limit + 1],
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    success: true,
    numbers: page.map(({ phone_number, created_at }) => ({
      phone_number,
      created_at: `${created_at.toISOString().slice(0, 19)}Z`,
    })),
    next_cursor:
      last && rows.length > limit
        ? Buffer.from(JSON.stringify([last.created_at, last.id])).toString("base64url")
        : null,
  };
});

app.addContentTypeParser(
  "application/x-www-form-urlencoded",
  { parseAs: "string" },
  (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body as string))),
);

app.post<{ Body: Record<string, string> }>(
  "/twilio/voice",
  async ({ url, headers, body }, reply) => {
    const text = Object.keys(body)
      .sort()
      .reduce((all, name) => all + name + body[name], env.PUBLIC_URL + url);
    const right = createHmac("sha1", env.TWILIO_AUTH_TOKEN ?? "")
      .update(text)
      .digest("base64");
    const given = String(headers["x-twilio-signature"]).padEnd(right.length);
    if (!timingSafeEqual(Buffer.from(given), Buffer.from(right))) {
      return reply.code(403).send("Forbidden");
    }
    const { rows } = await database.query<{
      id: string;
      greeting: string;
      target: string | null;
    }>({
      name: "called",
      text: `select c.id, coalesce(h.greeting, 'Thank you for calling ' || c.company_name || '.') as greeting,
                    coalesce(h.target, (select c.phone where not exists
                      (select from twilio_phone_numbers n where n.phone_number = c.phone))) as target
               from companies c left join company_call_handling h on h.company_id = c.id
              where c.twilio_phone_number = $1`,
      values: [body.To],
    });
    const called = rows[0];
    if (!called) return reply.code(404).send("Not in service");
    const { greeting, target } = called;
    await database.query({
      name: "call",
      text: `insert into calls (call_sid, from_number, to_number, company_id, twilio_status, route, started_at, ended_at)
             values ($1, $2, $3, $4, $5, $6, now() at time zone 'utc', now() at time zone 'utc')
             on conflict (call_sid) do update set company_id = excluded.company_id, route = excluded.route`,
      values: [
        body.CallSid,
        body.From,
        body.To,
        called.id,
        body.CallStatus,
        target === null ? "message" : "phone",
      ],
    });
    return reply
      .type("text/xml; charset=utf-8")
      .send(
        `<?xml version="1.0" encoding="UTF-8"?><Response><Say>${xml(greeting)}</Say>${target === null ? record : dial(target)}</Response>`,
      );
  },
);

const record = `<Record action="${env.PUBLIC_URL}/twilio/voice/recording" maxLength="180" finishOnKey="#"/><Hangup/>`;
const dial = (target: string) =>
  `<Dial action="${env.PUBLIC_URL}/twilio/voice/dial-result" timeout="20"><Number>${xml(target)}</Number></Dial>`;
const xml = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

app.addHook("onResponse", ({ method, url, id, ip, routeOptions }, reply, done) => {
  log.info(
    {
      method,
      path: url.split("?", 1)[0],
      route: routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      requestId: id,
      address: ip,
    },
    "request",
  );
  done();
});

await app.listen({ port: Number(env.PORT), host: "127.0.0.1" });
