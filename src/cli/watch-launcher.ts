import { readFileSync } from "node:fs";
import { createEventLog } from "../core/event-log.ts";
import { createEventSink } from "../host/host-log.ts";
import { isProcessAlive } from "../hosting/machine.ts";
import type { Terminal } from "./terminal.ts";
import { watchSignals } from "./watch-signals.ts";

/** A process and the one that started it. */
export interface LaunchLink {
  readonly child: number;
  readonly parent: number;
}

/** What is seen of a process; `undefined` when it is gone or this system does not show it. */
export type ReadProcess = (pid: number) => { readonly parent: number; readonly group: number } | undefined;

const lookIntervalMs = 1_000;

/**
 * Resolves to the process id of the launcher that has ended: the process that started this one, or, where the system
 * shows it, one before it that runs in the same group of processes, as `npx`, its shell and the host do. A launcher that
 * is killed alone leaves its host behind, with its port and its storage. Never resolves when nobody is there to end.
 */
function watchLauncher(): Promise<number> {
  const links = findLaunchers(process.pid, process.ppid, readProcess);
  return new Promise((resolve) => {
    if (links.length === 0) return;
    const timer = setInterval(() => {
      const gone = links.find(isBroken);
      if (gone === undefined) return;
      clearInterval(timer);
      resolve(gone.parent);
    }, lookIntervalMs);
    timer.unref();
  });
}

/** The launchers of a process, nearest first. The first process of a system or container is none. */
export function findLaunchers(pid: number, parent: number, read: ReadProcess): readonly LaunchLink[] {
  const links: LaunchLink[] = [];
  const group = read(pid)?.group;
  let child = pid;
  for (let above = parent; above > 1 && links.length < 16; ) {
    links.push({ child, parent: above });
    const seen = read(above);
    if (seen === undefined || group === undefined || seen.group !== group) break;
    const next = read(seen.parent);
    if (next?.group !== group) break;
    child = above;
    above = seen.parent;
  }
  return links;
}

/** An orphan is given another parent, except on Windows. */
function isBroken({ child, parent }: LaunchLink): boolean {
  if (child === process.pid) return process.ppid !== parent || !isProcessAlive(parent);
  return readProcess(child)?.parent !== parent;
}

function readProcess(pid: number): ReturnType<ReadProcess> {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name of the program is in brackets, and may have any character.
    const [, parent, group] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { parent: Number(parent), group: Number(group) };
  } catch {
    return undefined;
  }
}

/** Resolves when the host is to end: by a signal, or because its launcher has ended. */
export function watchEnd(endsWithLauncher: boolean, terminal: Terminal): Promise<undefined> {
  const signalled = watchSignals(terminal);
  return Promise.race([signalled, followLauncher(endsWithLauncher, signalled, terminal)]);
}

/** Resolves when the host is to end because its launcher has; else only says so. */
async function followLauncher(ends: boolean, stopping: Promise<undefined>, terminal: Terminal): Promise<undefined> {
  const launcher = await Promise.race([watchLauncher(), stopping]);
  // Ctrl+C reaches both.
  if (launcher === undefined) return;
  if (ends) {
    terminal.print(`The process ${launcher} that started this host has ended. Stopping.`);
    return;
  }
  const text =
    `the process ${launcher} that started this host has ended, and the host goes on as process ${process.pid}. ` +
    "Start it with --end-with-parent to have it end too";
  createEventLog(createEventSink(terminal.log)).write("LauncherGone", text, {});
  return new Promise(() => {});
}
