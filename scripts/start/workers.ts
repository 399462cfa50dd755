import cluster, { type Worker } from "node:cluster";
import path from "node:path";
import { event } from "./events.ts";

/**
 * The supervisor of the serving processes, which share one port. One that dies is started again;
 * however this process itself dies, they end with it (they notice that the channel to it has
 * closed: Node's documentation, "cluster").
 */

/** The workers cannot listen; the message is one line for an operator. */
export class PortError extends Error {
  override name = "PortError";
}

// Milliseconds.
const shortestPause = 100;
const longestPause = 10_000;
/** After this long a worker counts as working, and the next pause is short again. */
const settled = 10_000;
/** Workers give up on requests in flight a second before this. */
const stopLimit = 9_500;

interface Slot {
  number: number;
  worker: Worker | undefined;
  /** deaths in a row, each soon after the start */
  earlyDeaths: number;
  restart: NodeJS.Timeout | undefined;
}

export interface Workers {
  /**
   * Resolves with the port when every worker listens; rejects with {@link PortError} if that is
   * impossible.
   */
  listening: Promise<number>;
  /** Lets them finish their work, and resolves when all have ended, after at most ten seconds. */
  stop(signal: NodeJS.Signals): Promise<void>;
  /** Ends them at once. */
  kill(): void;
}

/**
 * @param count processes
 * @param port what they listen on
 */
export function startWorkers(count: number, port: number): Workers {
  cluster.schedulingPolicy =
    // A single worker accepts connections itself; several are given them in turn.
    count === 1 ? cluster.SCHED_NONE : cluster.SCHED_RR;
  cluster.setupPrimary({
    exec: path.resolve("build/scripts/start/worker.js"),
    // Not this process's own arguments, which may load tsx.
    execArgv: [],
  });

  const slots: Slot[] = Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    worker: undefined,
    earlyDeaths: 0,
    restart: undefined,
  }));
  let stopping = false;
  let announced = false;
  const stillDown = new Set(slots);
  let allListen: (port: number) => void;
  let cannotListen: (error: PortError) => void;
  const listening = new Promise<number>((resolve, reject) => {
    allListen = resolve;
    cannotListen = reject;
  });
  let allEnded = () => {};

  function start(slot: Slot): void {
    const worker = cluster.fork({
      PORT: String(port),
      NODE_ENV: "production",
      WORKER_SLOT: String(slot.number),
    });
    slot.worker = worker;
    const startedAt = performance.now();
    worker.once("listening", (address) => {
      stillDown.delete(slot);
      if (announced) {
        event("info", `Worker ${slot.number} serves again.`, {
          worker: slot.number,
        });
      } else if (stillDown.size === 0) {
        announced = true;
        allListen(address.port);
      }
    });
    worker.on("message", (message: WorkerMessage) => {
      if ("cannotListen" in message && !announced) {
        cannotListen(new PortError(portProblem(message.cannotListen, port)));
      } else if ("relay" in message) relay(slots, slot, message);
    });
    // A message to a dying worker is lost, as it should be.
    worker.on("error", () => {});
    worker.once("exit", (code, signal) => {
      slot.worker = undefined;
      if (stopping) {
        if (slots.every((other) => !other.worker)) allEnded();
        return;
      }
      const early = performance.now() - startedAt < settled;
      slot.earlyDeaths = early ? slot.earlyDeaths + 1 : 0;
      restartLater(slot, signal || `exit code ${code}`);
    });
  }

  function restartLater(slot: Slot, ending: string): void {
    const { number: worker, earlyDeaths } = slot;
    const pause = Math.min(shortestPause * 2 ** Math.max(0, earlyDeaths - 1), longestPause);
    const again = `starting again in ${pause} ms`;
    if (earlyDeaths < 4) {
      event("error", `Worker ${worker} ended (${ending}); ${again}.`, {
        worker,
      });
    } else {
      event(
        "error",
        `Worker ${worker} has ended ${earlyDeaths} times in a row soon after its start (${ending}); ${again}. The lines before this one say why.`,
        { worker },
      );
    }
    slot.restart = setTimeout(() => start(slot), pause);
  }

  for (const slot of slots) start(slot);

  return {
    listening,
    stop(signal) {
      stopping = true;
      const ended = new Promise<void>((resolve) => (allEnded = resolve));
      for (const slot of slots) {
        clearTimeout(slot.restart);
        slot.worker?.process.kill(signal);
      }
      if (slots.every((slot) => !slot.worker)) allEnded();
      const tooLate = setTimeout(() => this.kill(), stopLimit);
      return ended.finally(() => clearTimeout(tooLate));
    },
    kill() {
      stopping = true;
      for (const slot of slots) {
        clearTimeout(slot.restart);
        slot.worker?.process.kill("SIGKILL");
      }
    },
  };
}

/** What workers say to the supervisor; app/server/cluster.server.ts is the other side. */
type WorkerMessage =
  | { cannotListen: string }
  /** for the worker in slot `to`, or for all the others */
  | { relay: Record<string, unknown>; to: number | "others" };

// Workers have no channel between them, and the one asked for metrics has to add up everybody's.
function relay(
  slots: Slot[],
  from: Slot,
  { relay: body, to }: { relay: Record<string, unknown>; to: number | "others" },
): void {
  const receivers = slots.filter(
    (slot) => slot.worker?.isConnected() && (to === "others" ? slot !== from : slot.number === to),
  );
  for (const { worker } of receivers) {
    worker?.send({ from: from.number, receivers: receivers.length, body });
  }
}

function portProblem(code: string, port: number): string {
  switch (code) {
    case "EADDRINUSE":
      return `PORT ${port} is in use by another program; stop that one, or set PORT to another.`;
    case "EACCES":
      return `PORT ${port} may not be used by this user; ports from 1024 up may.`;
    default:
      return `PORT ${port} cannot be used (${code}).`;
  }
}
