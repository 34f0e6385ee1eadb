import { readFile } from "node:fs/promises";
import { DurableError, isDurableError, messageOf, stackOf } from "../core/errors.ts";
import { createEventLog } from "../core/event-log.ts";
import { systemClock, systemRandom } from "../core/system-ports.ts";
import { SidecarServer } from "../grpc/sidecar/sidecar-server.ts";
import { createEventSink, createLogFilter } from "../host/host-log.ts";
import { hostInUrl, isLoopback } from "../host/server/listen-address.ts";
import { findSetting } from "../host/settings/app-settings.ts";
import { createEntityCalls } from "../hosting/entity-calls.ts";
import { formatBanner } from "./banner.ts";
import { openChosenHub, readChosenHostJson, readEnvironment, resolveSettings } from "./hub-access.ts";
import type { SidecarOptions } from "./sidecar-options.ts";
import type { Terminal } from "./terminal.ts";
import { watchSignals } from "./watch-signals.ts";

const failedStopTimeoutMs = 2_000;

/**
 * `durable sidecar`: serves a task hub until it is asked to end or cannot go on. Resolves to the exit code.
 *
 * SIGINT and SIGTERM stop it gracefully; a second one ends the process at once.
 */
export async function runSidecar(
  options: SidecarOptions,
  product: { readonly name: string; readonly version: string },
  terminal: Terminal,
): Promise<number> {
  for (const line of formatBanner(product.name, product.version, process)) terminal.print(line);
  const asked = watchSignals(terminal);
  const undo: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const started = start(options, terminal, undo);
    started.catch(() => {});
    const running = await Promise.race([started, asked]);
    if (running === undefined) {
      // What is being opened is closed once it is open.
      await started.catch(() => {});
      await stop();
      return 0;
    }
    terminal.log({ level: "info", category: "Host", message: `Ready on ${running.origin}. Press Ctrl+C to stop.` });
    const failure = await Promise.race([asked, running.failed]);
    if (failure === undefined) {
      await stop();
      return 0;
    }
    terminal.fail(failure);
    // Without its storage the engine cannot end cleanly; what it held is found again at the next start.
    await Promise.race([stop(), systemClock.sleep(failedStopTimeoutMs)]);
    return 1;
  } catch (error) {
    await stop();
    terminal.fail(isDurableError(error) ? error.message : stackOf(error));
    return 1;
  }
}

async function start(
  options: SidecarOptions,
  terminal: Terminal,
  undo: (() => Promise<void>)[],
): Promise<{ readonly origin: string; readonly failed: Promise<string> }> {
  const { host, port } = options;
  const env = await readEnvironment(options.appFolder);
  const hostJson = await readChosenHostJson(options, env);
  const isLogged = createLogFilter(hostJson, options.verbose);
  const log = createEventSink((entry) => {
    if (isLogged(entry)) terminal.log(entry);
  });
  const token = readToken(options.tokenSetting, env);
  const tls = await readTls(options.tls);
  const settings = resolveSettings(hostJson, env);
  const events = createEventLog(log, { taskHub: settings.hubName });
  for (const { setting, text } of settings.unused) events.write("SettingIgnored", text, { setting });
  const hub = await openChosenHub(options, settings, env, log);
  undo.push(() => hub.close());
  const server = new SidecarServer({
    ...hub,
    clock: systemClock,
    random: systemRandom,
    log,
    token,
    tls,
    entityCalls: createEntityCalls(hub.client),
    maxMessageBytes: options.maxMessageBytes,
    retention: settings.retention,
  });
  undo.push(() => server.stop());
  const bound = await server.start(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
  terminal.print(`Storage:  ${hub.storage}`);
  terminal.print(`Task hub: ${hub.client.taskHub}`);
  terminal.print("");
  if (!isLoopback(host) && token === undefined) {
    const text = `listening on ${host} without a token, the sidecar takes calls from whoever reaches it`;
    createEventLog(log, { taskHub: hub.client.taskHub }).write("SidecarExposed", text, { address: host });
  }
  return { origin: `${tls === undefined ? "http" : "https"}://${hostInUrl(host)}:${bound}`, failed: hub.failed };
}

function readToken(setting: string | undefined, env: Record<string, string | undefined>): string | undefined {
  if (setting === undefined) return undefined;
  const token = findSetting(env, setting);
  if (token === undefined) throw new DurableError("InvalidOption", `--token-setting: there is no setting '${setting}'`);
  return token;
}

async function readTls(files: SidecarOptions["tls"]): Promise<{ certificate: string; key: string } | undefined> {
  if (files === undefined) return undefined;
  try {
    const [certificate, key] = await Promise.all([
      readFile(files.certificateFile, "utf8"),
      readFile(files.keyFile, "utf8"),
    ]);
    return { certificate, key };
  } catch (cause) {
    throw new DurableError("InvalidOption", `--tls-cert or --tls-key cannot be read: ${messageOf(cause)}`, { cause });
  }
}
