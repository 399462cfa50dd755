import { cases, type Case, type Site } from "../cases.ts";
import type { ScaleData } from "./fill.ts";

/** A site with a large pool; each assignment uses up one of the takers and one of the numbers. */
export type ScaleSite = Site & Pick<ScaleData, "late" | "takers" | "takes">;

export type ScaleCase = Pick<Case, "name" | "answer"> & {
  request: (site: ScaleSite) => ReturnType<Case["request"]>;
};

const known = (name: string): ScaleCase => cases.find((one) => one.name === name)!;

const page = (name: string, path: string, answer: string): ScaleCase => ({
  name,
  answer,
  request: ({ settled }) => ({ path, headers: { Cookie: settled } }),
});

/** As many visitors, since each one's list begins at another place. */
const visitors = 20;
let visits = 0;

const picker = (name: string, query: string, answer = `name="phone_number"`): ScaleCase => ({
  name: `picker ${name}`,
  answer,
  request: ({ takers }) => ({
    path: `/dashboard/choose-number?${query}`,
    headers: { Cookie: `session=${takers[visits++ % visitors]}` },
  }),
});

const found = { some: `"numbers":[{`, none: `"numbers":[]`, full: `"next_cursor":"` };

const available = (query: string, finds: keyof typeof found = "some"): ScaleCase =>
  page(`available ?${query}`, `/api/phone-numbers/available?limit=10&${query}`, found[finds]);

/** Every page and call that reads the pool, and some that its size must not affect. */
export const scaleCases: readonly ScaleCase[] = [
  known("current"),
  known("dashboard"),
  page("calls", "/calls", "+353 87 111 2222"),
  known("signed call"),
  known("picker"),
  picker("search, found", "search=45"),
  picker("search, common", "search=086"),
  picker("search, none", "search=%2B390612", "No numbers "),
  picker("search, rare", "search=353&country=US", `id="number-30"`),
  picker("search, one digit often", "search=99999999", ""),
  picker("country", "country=GB"),
  picker("memorable", "memorable=1"),
  available("first page"),
  {
    name: "available, 90 % in",
    answer: `"numbers":[{`,
    request: ({ settled, late }) => ({
      path: `/api/phone-numbers/available?limit=10&cursor=${late}`,
      headers: { Cookie: settled },
    }),
  },
  available("contains=45"),
  available("contains=353"),
  available("contains=4930999", "none"),
  available("contains=0000000000", "none"),
  available("starts=447"),
  available("starts=39", "none"),
  available("ends=77"),
  available("ends=3530353", "none"),
  available("country=IE"),
  available("country=CA", "none"),
  available("kind=mobile"),
  available("kind=toll-free", "none"),
  available("memorable=1"),
  available("country=US&contains=353", "full"),
  available("country=US&contains=45&kind=mobile&memorable=1", "full"),
  {
    name: "assign",
    answer: `"Phone number assigned successfully"`,
    request: (site) => ({
      method: "POST",
      path: "/api/phone-numbers/assign",
      headers: { Cookie: `session=${site.takers.pop()}`, "Content-Type": "application/json" },
      body: JSON.stringify({ phone_number: site.takes.pop() }),
    }),
  },
];
