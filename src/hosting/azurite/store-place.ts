import { readlinkSync } from "node:fs";
import { readMachineTraits } from "../machine.ts";

/** Where a process runs: a process id means something in one set of processes only, and a port in one network. */
export interface StorePlace {
  /** Host name. */
  readonly name: string;
  readonly platform: string;
  /** The run of the kernel, where it tells; else the addresses of the network cards. */
  readonly boot: string;
  /** The set of process ids, where it tells: each container has its own. */
  readonly processIds: string;
  /** The network, where it tells: most containers have their own. */
  readonly network: string;
}

export function readStorePlace(): StorePlace {
  const { name, boot, processIds } = readMachineTraits({});
  return { name, platform: process.platform, boot, processIds, network: readNetwork() };
}

/** Whether a process id of the one is that of the same process in the other. */
export function seesProcessesOf(here: StorePlace, there: StorePlace): boolean {
  return isSameSystem(here, there) && here.processIds === there.processIds;
}

/** Whether a port of this machine is the same in both. */
export function seesPortsOf(here: StorePlace, there: StorePlace): boolean {
  return isSameSystem(here, there) && here.network === there.network;
}

/** Whether both have one clock. */
export function isSameSystem(here: StorePlace, there: StorePlace): boolean {
  if (here.platform !== there.platform || here.boot !== there.boot) return false;
  // Where the kernel does not tell its runs apart, other machines may look like this one.
  return here.processIds !== "" || here.name === there.name;
}

function readNetwork(): string {
  try {
    return readlinkSync("/proc/self/ns/net");
  } catch {
    return "";
  }
}
