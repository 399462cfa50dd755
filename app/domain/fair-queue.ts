/**
 * The queue is full, and others in it have asked for less; or the work takes so long that waiting
 * was given up.
 */
export class QueueFullError extends Error {
  override name = "QueueFullError";
}

interface Entry {
  lanes: readonly string[];
  /** how much its lanes have asked for before it: the lowest goes next */
  turn: number;
  start: () => void;
  refuse: () => void;
}

/**
 * Work done a few pieces at a time, ordered so that those who ask for much do not delay those who
 * ask for little. Each piece belongs to lanes, such as an address and an account; only a lane's
 * first piece competes with those of other lanes (start-time fair queueing). When the queue is
 * full, the last piece of the busiest lane is refused.
 */
export class FairQueue {
  private readonly running = new Set<Entry>();
  private readonly waiting: Entry[] = [];
  private now = 0;

  /**
   * @param atOnce pieces done at a time
   * @param longest pieces that may wait
   * @param patience milliseconds that a piece may wait
   */
  constructor(
    private readonly atOnce: number,
    private readonly longest: number,
    private readonly patience: number,
  ) {}

  /**
   * Does a piece of work in its turn.
   * @throws {QueueFullError} at once, or when others that have asked for less arrive meanwhile
   */
  async run<T>(lanes: readonly string[], work: () => Promise<T>): Promise<T> {
    const entry = await this.turnOf(lanes);
    try {
      return await work();
    } finally {
      this.running.delete(entry);
      // A round is over when each waiting piece could have been served: a newcomer then is no
      // earlier than they are.
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
    // Among equals, the first to arrive; there are few.
    const [next] = this.waiting.toSorted((one, other) => one.turn - other.turn);
    if (!next) return;
    this.waiting.splice(this.waiting.indexOf(next), 1);
    this.now = Math.max(this.now, next.turn);
    this.running.add(next);
    next.start();
  }

  /** Of the waiting pieces whose lanes have asked for most, the last to arrive. */
  private busiest(): Entry {
    const latest = Math.max(...this.waiting.map(({ turn }) => turn));
    return this.waiting.findLast(({ turn }) => turn === latest)!;
  }

  private refuse(entry: Entry): void {
    this.waiting.splice(this.waiting.indexOf(entry), 1);
    entry.refuse();
  }
}
