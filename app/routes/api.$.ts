import { apiRoute } from "#app/http/api-route.server.ts";
import { jsonError } from "#app/http/answers.server.ts";

const notFound = () => Promise.resolve(jsonError("not_found"));

const route = apiRoute({ GET: notFound, POST: notFound });
export const loader = route.loader;
export const action = route.action;
