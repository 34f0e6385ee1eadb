import type { EventLog } from "../core/event-log.ts";
import type { OpenApiDocument } from "../http/open-api/open-api-document.ts";
import type { RequestGuard } from "../http/request-guard.ts";
import type { PublicOrigin } from "../management/management-links.ts";
import type { HostAccess } from "./access/host-access.ts";
import { managementPath } from "./app/describe-app.ts";
import type { DurableProtocol } from "./app/durable-functions.ts";
import type { EmbeddedApps } from "./app/embedded-apps.ts";
import type { CreateDurableEngine, DurableEngine } from "./durable-engine.ts";
import type { DurableFunctionsHost } from "./durable-functions-host.ts";
import { createEventSink, type HostLog } from "./host-log.ts";
import { createHostManagement, type HostManagement } from "./host-management.ts";
import { startLoopbackServer } from "./server/loopback-server.ts";
import type { DurableTaskSettings } from "./settings/durable-task-settings.ts";
import type { Environment } from "./settings/host-json.ts";
import type { HttpLimits } from "./settings/http-limits.ts";

export interface DurableStart {
  readonly appFolder: string;
  readonly settings: DurableTaskSettings;
  readonly createEngine: CreateDurableEngine;
  readonly apps: EmbeddedApps;
  readonly durable: DurableFunctionsHost;
  /** What clients that are no `DFApp`'s speak. */
  readonly clientProtocols: ReadonlySet<DurableProtocol>;
  readonly access: HostAccess;
  readonly guard: RequestGuard;
  /** `http://localhost:7071`. */
  readonly origin: string;
  readonly publicOrigin: PublicOrigin;
  readonly limits: HttpLimits;
  readonly openApi: () => OpenApiDocument;
  readonly env: Environment;
  readonly log: HostLog;
  readonly events: EventLog;
  /** Is told of each step how it is undone when the host stops. */
  readonly onStop: (undo: () => Promise<void> | void) => void;
  /** @throws DurableError `Aborted` */
  readonly assertNotStopped: () => void;
}

/** What runs the orchestrations of a host, and manages them. */
export interface StartedDurable {
  readonly engine: DurableEngine;
  readonly management: HostManagement;
}

/** Starts an engine for the apps of a host, and hands out clients of it. @throws DurableError */
export async function startDurable(start: DurableStart): Promise<StartedDurable> {
  const { appFolder, settings, apps, durable, env, log, events, origin, publicOrigin } = start;
  for (const { setting, text } of settings.unused) events.write("SettingIgnored", text, { setting });
  const { registries } = apps;
  if (settings.versioning !== undefined) {
    for (const registry of registries) registry.setDefaultVersioning(settings.versioning);
  }
  const extendExecutor = await durable.createExtendExecutor(settings.httpPollIntervalMs);
  const engine = await start.createEngine({ appFolder, settings, registries, extendExecutor, env, log });
  start.onStop(() => engine.stop());
  start.assertNotStopped();
  await engine.start();

  const { client } = engine;
  const { connectionName } = settings;
  const managementOptions = {
    client,
    basePath: managementPath,
    taskHub: client.taskHub,
    connectionName,
    startChecks: apps.startChecks,
    guard: start.guard,
    publicOrigin,
    openApi: start.openApi,
    maxBodyBytes: start.limits.maxBodyBytes,
    maxJsonDepth: start.limits.maxJsonDepth,
    log: createEventSink(log),
  };
  const management = createHostManagement(managementOptions, start.access);
  const rpcBaseUrl = await serveClients(start, management);
  const managementBaseUrl = `${origin}${managementPath}`;
  start.onStop(() => durable.stop());
  const target = { taskHub: client.taskHub, connectionName, managementBaseUrl, rpcBaseUrl };
  await durable.connect(target, client, createEventSink(log));
  apps.engineRuns({
    client,
    managementBaseUrl,
    connectionName,
    publicOrigin,
    signLink: management.signLink,
    startChecks: apps.startChecks,
  });
  return { engine, management };
}

/** Clients that ask over HTTP have no key: where one is needed they have an address of their own, on loopback. */
async function serveClients(start: DurableStart, { inner }: HostManagement): Promise<string | undefined> {
  const { access, clientProtocols, events } = start;
  if (!access.needsKeys || clientProtocols.size === 0) return undefined;
  const text =
    "links that clients of the package durable-functions make hold no key and no signature: whoever follows one has to " +
    "show the key 'durabletask_extension'. Import durable-functions-ts in its place for links that open one instance";
  events.write("ClientLinksNotSigned", text, {});
  if (!clientProtocols.has("json")) return undefined;
  const server = await startLoopbackServer(inner, start.limits);
  start.onStop(() => server.stop());
  return `${server.origin}${managementPath}`;
}
