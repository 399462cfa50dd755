/** The queue is full, and others in it have asked for less; or its work takes so long that the wait was given up. */
export class QueueFullError extends Error {
  override name = "QueueFullError";
}

interface Entry {
  lanes: readonly string[];
  /** how much its lanes have asked for before it: the least is next */
  turn: number;
  start: () => void;
  refuse: () => void;
}

/**
 * Work that is done a few at a time, in an order in which nobody who asks for much delays whoever asks for little.
 * Each piece belongs to lanes, an address and an account say; of a lane only the first piece competes with those of
 * other lanes (start-time fair queueing). Where the queue is full, the last of the busiest lane is refused.
 */
export class FairQueue {
  private readonly running = new Set<Entry>();
  private readonly waiting: Entry[] = [];
  private now = 0;

  /**
   * @param atOnce pieces that are done at a time
   * @param longest pieces that may wait
   * @param patience milliseconds that one may wait
   */
  constructor(
    private readonly atOnce: number,
    private readonly longest: number,
    private readonly patience: number,
  ) {}

  /**
   * Does a piece of work in its turn.
   * @throws {QueueFullError} at once, or where others come meanwhile that have asked for less
   */
  async run<T>(lanes: readonly string[], work: () => Promise<T>): Promise<T> {
    const entry = await this.turnOf(lanes);
    try {
      return await work();
    } finally {
      this.running.delete(entry);
      // A round is over when each that waits could have been served: who comes then is no earlier than they.
      this.now += 1 / (1 + this.waiting.length);
      this.startNext();
    }
  }

  private nextTurn(lanes: readonly string[]): number {
    const before = [...this.running, ...this.waiting]
      .filter((other) => other.lanes.some((lane) => lanes.includes(lane)))
      .map(({ turn }) => turn + 1);
    return Math.max(this.now, ...before);
  }

  private turnOf(lanes: readonly string[]): Promise<Entry> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.refuse(entry), this.patience);
      const entry: Entry = {
        lanes,
        turn: this.nextTurn(lanes),
        start: () => {
          clearTimeout(timer);
          resolve(entry);
        },
        refuse: () => {
          clearTimeout(timer);
          reject(new QueueFullError());
        },
      };
      this.waiting.push(entry);
      if (this.running.size < this.atOnce) this.startNext();
      else if (this.waiting.length > this.longest) this.refuse(this.busiest());
    });
  }

  private startNext(): void {
    // Of those whose turn is the same, the first that came; there are few.
    const [next] = this.waiting.toSorted((one, other) => one.turn - other.turn);
    if (!next) return;
    this.waiting.splice(this.waiting.indexOf(next), 1);
    this.now = Math.max(this.now, next.turn);
    this.running.add(next);
    next.start();
  }

  /** Of those that wait and have asked for most, the last that came. */
  private busiest(): Entry {
    const latest = Math.max(...this.waiting.map(({ turn }) => turn));
    return this.waiting.findLast(({ turn }) => turn === latest)!;
  }

  private refuse(entry: Entry): void {
    this.waiting.splice(this.waiting.indexOf(entry), 1);
    entry.refuse();
  }
}
