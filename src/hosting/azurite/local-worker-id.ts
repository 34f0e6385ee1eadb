import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { isProcessAlive } from "./store-record.ts";

/** Names a worker on the local store, which only processes of this machine use, by its process. */
export function createLocalWorkerId(): string {
  return `local-${process.pid}-${randomBytes(4).toString("hex")}`;
}

/** Names a worker on a shared account: unlike any other, on this machine or elsewhere. */
export function createSharedWorkerId(): string {
  return `${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`;
}

/**
 * Tells whether a worker of the local store is certainly gone, so that its partitions need not wait for their leases
 * to run out. A process id that was given to another process since makes it wait, never err.
 */
export function createDeadWorkerTest(
  ownWorkerId: string,
  isAlive: (pid: number) => boolean = isProcessAlive,
): (workerId: string) => boolean {
  return (workerId) => {
    const pid = Number(/^local-(\d+)-[0-9a-f]+$/.exec(workerId)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || workerId === ownWorkerId) return false;
    // One host per process: another worker with our process id is from before this process (usual in containers).
    return pid === process.pid || !isAlive(pid);
  };
}
