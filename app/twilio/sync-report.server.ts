import type { Knex } from "knex";

/**
 * What happened to one of the account's numbers or, in a dry run, would; a number may be both added
 * and pointed.
 */
export type Synced =
  /** entered the pool; was in the pool and right */
  | { what: "added" | "unchanged"; phoneNumber: string }
  /** got new settings at Twilio, by the settings' names, and had somebody else's address */
  | { what: "pointed"; phoneNumber: string; settings: string[]; takenFrom?: string | undefined }
  /**
   * is not for the pool: no voice, or in use for something else; `reason` is the end of a sentence
   */
  | { what: "leftOut" | "failed"; phoneNumber: string; reason: string };

export type SyncedAs<What> = Extract<Synced, { what: What }>;

/** What a sync did. It is in the scratch database, since it may not fit into memory. */
export interface SyncReport {
  /** numbers that the account owns */
  inAccount: number;
  /** how many there are of each */
  count: Readonly<Record<Synced["what"], number>>;
  /** All of one kind in the list's order, some at a time; the unchanged ones are only counted. */
  each<What extends Synced["what"]>(what: What): AsyncGenerator<SyncedAs<What>[], void, undefined>;
}

const atATime = 1_000;

/** An empty report, and a function that adds to it. */
export async function beginReport(scratch: Knex, inAccount: number) {
  await scratch.raw("create table synced (id integer primary key, what text, synced text)");
  await scratch.raw("create index synced_by_what on synced (what, id)");
  const count = { added: 0, pointed: 0, unchanged: 0, leftOut: 0, failed: 0 };
  const report: SyncReport = {
    inAccount,
    count,
    async *each<What extends Synced["what"]>(what: What) {
      for (let after = 0; ;) {
        const rows = await scratch("synced")
          .where({ what })
          .where("id", ">", after)
          .orderBy("id")
          .limit(atATime)
          .select<{ id: number; synced: string }[]>("id", "synced");
        const last = rows.at(-1);
        if (!last) return;
        after = last.id;
        yield rows.map(({ synced }) => JSON.parse(synced) as SyncedAs<What>);
      }
    },
  };
  const add = async (all: readonly Synced[]): Promise<void> => {
    for (const { what } of all) count[what]++;
    const told = all.filter(({ what }) => what !== "unchanged");
    await scratch.raw(
      "insert into synced (what, synced) select value ->> 'what', value from json_each(?) order by key",
      [JSON.stringify(told)],
    );
  };
  return { report, add };
}
