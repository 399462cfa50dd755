import fc from "fast-check";
import { expect, test } from "vitest";
import { FairQueue, QueueFullError } from "#app/domain/fair-queue.ts";

/** Pieces of work that end when told to, and the order in which they began. */
class Desk {
  readonly begun: string[] = [];
  readonly refused: string[] = [];
  private readonly ends = new Map<string, () => void>();
  readonly queue: FairQueue;
  constructor(atOnce: number, longest: number) {
    this.queue = new FairQueue(atOnce, longest, 10_000);
  }

  /** Asks for a piece `name`, in a lane for each of its words except the last. */
  ask(name: string): void {
    const work = () => {
      this.begun.push(name);
      return new Promise<void>((resolve) => this.ends.set(name, resolve));
    };
    this.queue.run(name.split(" ").slice(0, -1), work).catch((error: unknown) => {
      expect(error).toBeInstanceOf(QueueFullError);
      this.refused.push(name);
    });
  }

  /** Ends the piece that has been running longest. */
  endOne(): void {
    const [name] = this.ends.keys();
    this.ends.get(name!)?.();
    this.ends.delete(name!);
  }

  /** Ends pieces one after another until nothing is left. */
  async workOff(): Promise<void> {
    while ((await this.settled(), this.ends.size > 0)) this.endOne();
  }

  settled(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

const many = (lane: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${lane} ${at + 1}`);

test("work is done in order of arrival, a few pieces at a time", async () => {
  const desk = new Desk(2, 10);
  for (const name of ["a 1", "b 1", "c 1", "d 1"]) desk.ask(name);
  await desk.settled();
  expect(desk.begun).toEqual(["a 1", "b 1"]);
  await desk.workOff();
  expect(desk.begun).toEqual(["a 1", "b 1", "c 1", "d 1"]);
});

test("whoever asks once is next, however many another has waiting", async () => {
  const desk = new Desk(2, 16);
  for (const name of [...many("flood", 12), "one 1", "two 1"]) desk.ask(name);
  await desk.workOff();
  expect(desk.begun.slice(0, 4)).toEqual(["flood 1", "flood 2", "one 1", "two 1"]);
  expect(desk.begun).toHaveLength(14);
  expect(desk.refused).toEqual([]);
});

test("an account is a lane just like an address: a flood from everywhere at one account delays no other", async () => {
  const desk = new Desk(2, 16);
  for (let at = 0; at < 12; at++) desk.ask(`address${at} account ${at}`);
  desk.ask("elsewhere other 1");
  await desk.workOff();
  expect(desk.begun[2]).toBe("elsewhere other 1");
});

test("two floods take turns with each other and with the rest", async () => {
  const desk = new Desk(1, 30);
  for (const name of [...many("a", 6), ...many("b", 6), ...many("c", 2)]) desk.ask(name);
  await desk.workOff();
  expect(desk.begun.slice(0, 6)).toEqual(["a 1", "b 1", "c 1", "a 2", "b 2", "c 2"]);
});

test("a flood is not starved by newcomers, though each of them asks for less", async () => {
  const desk = new Desk(1, 100);
  for (const name of many("flood", 4)) desk.ask(name);
  desk.ask("newcomer0 1");
  for (let at = 1; !desk.begun.includes("flood 4"); at++) {
    expect(at).toBeLessThan(30);
    await desk.settled();
    desk.ask(`newcomer${at} 1`);
    desk.endOne();
  }
});

test("a full queue refuses the last of the busiest lane, and admits those who ask for little", async () => {
  const desk = new Desk(2, 16);
  for (const name of [...many("flood", 30), "one 1"]) desk.ask(name);
  await desk.workOff();
  expect(desk.begun).toContain("one 1");
  expect(desk.begun).toHaveLength(18);
  expect(desk.refused).toHaveLength(13);
  expect(desk.refused.every((name) => name.startsWith("flood"))).toBe(true);
});

test("if all ask for equally little, the last to arrive is refused", async () => {
  const desk = new Desk(1, 2);
  for (const name of ["a 1", "b 1", "c 1", "d 1"]) desk.ask(name);
  await desk.settled();
  expect(desk.refused).toEqual(["d 1"]);
});

test("work that has waited too long is refused, and the rest is done", async () => {
  const queue = new FairQueue(1, 5, 20);
  let end = () => {};
  const first = queue.run(["a"], () => new Promise<void>((resolve) => (end = resolve)));
  await expect(queue.run(["b"], () => Promise.resolve())).rejects.toThrow(QueueFullError);
  end();
  await first;
  await expect(queue.run(["c"], () => Promise.resolve("done"))).resolves.toBe("done");
});

test("work that fails makes room as any other does", async () => {
  const queue = new FairQueue(1, 1, 10_000);
  await expect(queue.run(["a"], () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  await expect(queue.run(["a"], () => Promise.resolve("done"))).resolves.toBe("done");
});

test("whatever comes, each piece is done once or refused once, never too many at a time", async () => {
  const lanes = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 2 });
  const property = fc.asyncProperty(
    fc.array(lanes, { maxLength: 40 }),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 0, max: 8 }),
    async (pieces, atOnce, longest) => {
      const queue = new FairQueue(atOnce, longest, 10_000);
      let running = 0;
      let most = 0;
      const results = await Promise.allSettled(
        pieces.map((piece) =>
          queue.run(piece, async () => {
            most = Math.max(most, ++running);
            await new Promise((resolve) => setImmediate(resolve));
            running--;
          }),
        ),
      );
      const refused = results.filter(({ status }) => status === "rejected").length;
      expect(most).toBeLessThanOrEqual(atOnce);
      expect(refused).toBe(Math.max(0, pieces.length - atOnce - longest));
    },
  );
  await fc.assert(property, { numRuns: 100 });
});
