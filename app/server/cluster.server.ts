import cluster from "node:cluster";

/**
 * The worker's side of its conversation with the supervisor (scripts/start/workers.ts). A process
 * started without a supervisor is alone, and is worker 1.
 */

/** Which worker this is, from 1 up; a replacement has the number of the worker it replaces. */
export function workerNumber(): number {
  return Number(process.env.WORKER_SLOT) || 1;
}

/**
 * Tells the supervisor why this worker has no port, and calls `told` once that has been sent.
 * @param code Node's, such as `EADDRINUSE`
 * @returns whether there is a supervisor
 */
export function tellCannotListen(code: string, told: () => void): boolean {
  if (!cluster.isWorker || !process.send) return false;
  process.send({ cannotListen: code }, undefined, undefined, told);
  return true;
}

/** What came from another worker. */
export interface FromWorker {
  /** who sent it */
  from: number;
  /** how many got it */
  receivers: number;
  body: Record<string, unknown>;
}

/**
 * Sends something to another worker, or to all others, through the supervisor.
 * @param to a worker's number
 */
export function sendToWorkers(to: number | "others", body: Record<string, unknown>): void {
  if (cluster.isWorker && process.connected) {
    process.send?.({ relay: body, to });
  }
}

/** Calls `receive` for whatever other workers send here. */
export function onMessageFromWorkers(receive: (message: FromWorker) => void): void {
  if (!cluster.isWorker) return;
  process.on("message", (message: Partial<FromWorker>) => {
    const { from, receivers, body } = message;
    if (from !== undefined && receivers !== undefined && body !== undefined) {
      receive({ from, receivers, body });
    }
  });
}
