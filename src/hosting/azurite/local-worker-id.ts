import { randomBytes } from "node:crypto";
import { isProcessAlive, machineIdOf, readMachineTraits } from "../machine.ts";

/** Workers of this process that may be alive. */
const ownWorkerIds = new Set<string>();

/**
 * Names a worker on the local store by the processes that see one another, and by its process among them:
 * `local-<machine>-<process id>-<random>`.
 */
export function createLocalWorkerId(machineId: string = readLocalMachineId()): string {
  const workerId = `local-${machineId}-${process.pid}-${randomBytes(4).toString("hex")}`;
  ownWorkerIds.add(workerId);
  return workerId;
}

/** The same in processes of one machine that see one another; containers have their own. */
function readLocalMachineId(): string {
  return machineIdOf(readMachineTraits({}));
}

/** It has stopped: what it may have left behind is free. */
export function forgetLocalWorkerId(workerId: string): void {
  ownWorkerIds.delete(workerId);
}

/**
 * Tells whether a worker of the local store is certainly gone, so that its partitions need not wait for their leases
 * to run out. A process id that was given to another process since makes it wait, never err. Of a worker in another
 * container or on another machine it is certain because the store is: one process has it at a time, and it is ours now.
 */
export function createDeadWorkerTest(
  ownWorkerId: string,
  isAlive: (pid: number) => boolean = isProcessAlive,
  machineId: string = readLocalMachineId(),
): (workerId: string) => boolean {
  return (workerId) => {
    // One that had to take another name has more digits. Earlier versions named no machine.
    const form = /^(local-(?:([0-9a-f]{12})-)?(\d+)-[0-9a-f]{8})(?:-[0-9a-f]{8})?$/;
    const [, given, machine, digits] = form.exec(workerId) ?? [];
    const pid = Number(digits);
    if (given === undefined || given === ownWorkerId || ownWorkerIds.has(given)) return false;
    if (machine !== undefined && machine !== machineId) return true;
    // Others with our process id are from before this process (usual in containers).
    return pid === process.pid || !isAlive(pid);
  };
}
