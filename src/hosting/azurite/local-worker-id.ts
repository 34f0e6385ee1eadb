import { randomBytes } from "node:crypto";
import { isProcessAlive } from "./store-record.ts";

/** Workers of this process that may be alive. */
const ownWorkerIds = new Set<string>();

/** Names a worker on the local store, which only processes of this machine use, by its process. */
export function createLocalWorkerId(): string {
  const workerId = `local-${process.pid}-${randomBytes(4).toString("hex")}`;
  ownWorkerIds.add(workerId);
  return workerId;
}

/** It has stopped: what it may have left behind is free. */
export function forgetLocalWorkerId(workerId: string): void {
  ownWorkerIds.delete(workerId);
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
    // One that had to take another name has more digits.
    const [, given, digits] = /^(local-(\d+)-[0-9a-f]+)(?:-[0-9a-f]{8})?$/.exec(workerId) ?? [];
    const pid = Number(digits);
    if (given === undefined || given === ownWorkerId) return false;
    // Others with our process id are from before this process (usual in containers).
    return pid === process.pid ? !ownWorkerIds.has(given) : !isAlive(pid);
  };
}
