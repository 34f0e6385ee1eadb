import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import type { Environment } from "../host/settings/host-json.ts";

/** What processes must have in common for one to see by a process id whether the other is there. */
export interface MachineTraits {
  /** The name of the instance or the machine. */
  readonly name: string;
  /** App and slot: those of a plan share an instance, and may not see one another. */
  readonly app: string;
  /** The run of the kernel, where it tells; else the addresses of the network cards. */
  readonly boot: string;
  /** The set of process ids, where it tells: each container has its own. */
  readonly processIds: string;
}

export function readMachineTraits(env: Environment): MachineTraits {
  return {
    name: env["WEBSITE_INSTANCE_ID"] || hostname(),
    app: `${env["WEBSITE_SITE_NAME"] ?? ""}/${env["WEBSITE_SLOT_NAME"] ?? ""}`,
    boot: tryRead(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()) || networkAddresses(),
    processIds: tryRead(() => readlinkSync("/proc/self/ns/pid")),
  };
}

/** Two machines may have one name; they have other network cards. */
function networkAddresses(): string {
  const cards = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const macs = cards.filter(({ internal }) => !internal).map(({ mac }) => mac);
  return [...new Set(macs)].sort().join(",");
}

/** 12 hexadecimal digits that are the same in processes which see one another, and in no others. */
export function machineIdOf(traits: MachineTraits): string {
  const { name, app, boot, processIds } = traits;
  return createHash("sha256")
    .update(JSON.stringify([name, app, boot, processIds]))
    .digest("hex")
    .slice(0, 12);
}

/** Workers of this process that have not stopped. */
const ownWorkerIds = new Set<string>();

/** Names a worker by its machine and process: `<machine>-<process id>-<random>`. */
export function createMachineWorkerId(machineId: string): string {
  const workerId = `${machineId}-${process.pid}-${randomBytes(4).toString("hex")}`;
  ownWorkerIds.add(workerId);
  return workerId;
}

/** It has stopped: what it may have left behind is free. */
export function forgetMachineWorkerId(workerId: string): void {
  ownWorkerIds.delete(workerId);
}

/**
 * Tells whether a worker was a process of this machine and is certainly gone. A process id that was given to another
 * process since makes it wait for the lease, never err.
 */
export function isDeadOnMachine(
  workerId: string,
  machineId: string,
  isAlive: (pid: number) => boolean = isProcessAlive,
): boolean {
  // One that had to take another name has more digits.
  const [, given, machine, pid] = /^(([0-9a-f]{12})-(\d+)-[0-9a-f]{8})(?:-[0-9a-f]{8})?$/.exec(workerId) ?? [];
  if (given === undefined || machine !== machineId) return false;
  return Number(pid) === process.pid ? !ownWorkerIds.has(given) : !isAlive(Number(pid));
}

/** Whether a process of that id exists; it may be another one than it was. */
export function isProcessAlive(pid: number): boolean {
  // Neither a group of processes nor this one.
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function tryRead(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
