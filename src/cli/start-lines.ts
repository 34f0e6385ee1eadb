import { createEventLog, type LogEventFields } from "../core/event-log.ts";
import type { OrchestrationClient } from "../core/orchestration-client.ts";
import { systemClock } from "../core/system-ports.ts";
import { formatDuration } from "../core/time-span.ts";
import type { KeySet } from "../host/access/key-set.ts";
import { createEventSink } from "../host/host-log.ts";
import type { CutOffWork, RunningHost } from "../host/running-host.ts";
import { formatBanner, suggestCommand } from "./banner.ts";
import { describeInstances, findInstances } from "./instances-found.ts";
import { formatKeys } from "./key-lines.ts";
import { type LogFormat, logFormatSetting } from "./log-line.ts";
import type { Terminal } from "./terminal.ts";

// What `durable start` says of itself, from its first line to its last.

export function showStart(name: string, version: string, format: LogFormat, terminal: Terminal): void {
  if (format === "json") {
    const text = `${name} ${version} starts on Node ${process.version}`;
    tell(terminal, "HostStarting", text, { processId: process.pid, version });
  } else for (const line of formatBanner(name, version, process)) terminal.print(line);
}

/** @param shown the functions, as lines */
export function showRunning(running: RunningHost, shown: string, format: LogFormat, terminal: Terminal): void {
  for (const line of shown.split("\n")) terminal.print(line);
  if (running.keySource !== undefined) {
    terminal.print(`Callers need a key of ${running.keySource}; --no-auth goes without.`);
    terminal.print("");
  }
  const ready = `Ready on ${running.origin}. Press Ctrl+C to stop.`;
  tell(terminal, "HostReady", ready, { address: running.origin });
  const command = format === "json" ? undefined : suggestCommand(running, process.platform);
  if (command !== undefined) terminal.print(`\nTry: ${command}\n`);
  if (running.engine !== undefined) void tellInstances(terminal, running.engine.client);
}

/** The keys that callers need, once, also when the start fails afterwards: lines for machines are kept, and never hold one. */
export function showNewKeys(keys: KeySet, file: string, format: LogFormat, terminal: Terminal): void {
  terminal.print(`Keys were made for callers of this app, in ${file}:`);
  if (format !== "json") {
    terminal.print("");
    for (const line of formatKeys(keys, true)) terminal.print(`\t${line}`);
    terminal.print("");
  }
  const again = format === "json" ? "'durable keys --show' shows them" : "'durable keys --show' shows them again";
  terminal.print(
    `Send one as the header x-functions-key, or as ?code=. ${again}, 'durable keys rotate' makes new ones.`,
  );
  if (process.platform === "win32") terminal.print("Who may read the folder may read the keys.");
  terminal.print("");
}

type HostEventName = "HostStarting" | "HostReady" | "HostStopped" | "InstancesFound";

/** A line about the host itself: for people without the name of its event. No level of host.json hides it. */
function tell<Name extends HostEventName>(
  { log }: Terminal,
  event: Name,
  text: string,
  fields: LogEventFields<Name>,
): void {
  log({ level: "info", category: `Host.${event}`, message: text, event, text, fields });
}

export function tellIgnored({ log }: Terminal, text: string): void {
  createEventLog(createEventSink(log)).write("SettingIgnored", text, { setting: logFormatSetting });
}

/** Never rejects: nothing depends on it. */
async function tellInstances(terminal: Terminal, client: OrchestrationClient): Promise<void> {
  const found = await findInstances(client, systemClock).catch(() => undefined);
  const text = found === undefined ? undefined : describeInstances(found);
  if (found !== undefined && text !== undefined) {
    tell(terminal, "InstancesFound", text, { count: found.underWay, failedCount: found.failed });
  }
}

export function tellStopped(terminal: Terminal, durationMs: number, cutOff: CutOffWork): void {
  const text = `Stopped after ${formatDuration(durationMs)}.${describeCutOff(cutOff)}`;
  tell(terminal, "HostStopped", text, { durationMs: Math.round(durationMs) });
}

function describeCutOff({ calls, activities }: CutOffWork): string {
  const parts = [
    ...(calls === 0 ? [] : [calls === 1 ? "1 function call was cut off" : `${calls} function calls were cut off`]),
    ...(activities === 0
      ? []
      : [
          activities === 1
            ? "1 activity runs again at the next start"
            : `${activities} activities run again at the next start`,
        ]),
  ];
  return parts.length === 0 ? "" : ` ${parts.join("; ")}.`;
}
