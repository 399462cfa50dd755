import { expect, test } from "vitest";
import { routeTable } from "#app/server/route-table.server.ts";

const find = routeTable({
  root: { id: "root", path: "" },
  "routes/_index": { id: "routes/_index", parentId: "root", index: true },
  "routes/_app": { id: "routes/_app", parentId: "root" },
  "routes/_app.settings": {
    id: "routes/_app.settings",
    parentId: "routes/_app",
    path: "settings",
  },
  "routes/_app.settings.phone": {
    id: "routes/_app.settings.phone",
    parentId: "routes/_app.settings",
    path: "phone",
  },
  "routes/api.calls.$id": {
    id: "routes/api.calls.$id",
    parentId: "root",
    path: "api/calls/:id",
  },
  "routes/api.calls.all": {
    id: "routes/api.calls.all",
    parentId: "root",
    path: "api/calls/all",
  },
  "routes/join.$token": {
    id: "routes/join.$token",
    parentId: "root",
    path: "join/:token",
  },
  "routes/api.$": { id: "routes/api.$", parentId: "root", path: "api/*" },
});

test.for([
  ["/", "/", "/"],
  ["/_root.data", "/", "/_root.data"],
  ["/settings/phone", "/settings/phone", "/settings/phone"],
  ["/settings/phone/", "/settings/phone", "/settings/phone/"],
  ["/settings/phone.data", "/settings/phone", "/settings/phone.data"],
  ["/SETTINGS", "/settings", "/SETTINGS"],
  ["/api/calls/12", "/api/calls/:id", "/api/calls/12"],
  ["/api/calls/all", "/api/calls/all", "/api/calls/all"],
  ["/api/calls/12/more", "/api/*", "/api/calls/12/more"],
  ["/api", "/api/*", "/api"],
  ["/join/s3cret", "/join/:token", "/join/:token"],
  ["/no/such", "unmatched", "/no/such"],
] as const)("%s is of %s and is logged as %s", ([pathname, route, path]) => {
  const found = find(pathname);
  expect(found.place?.pattern ?? "unmatched").toBe(route);
  expect(found.path).toBe(path);
});

test("a long path is cut off in the log", () => {
  expect(find(`/${"x".repeat(10_000)}`).path).toHaveLength(500);
});
