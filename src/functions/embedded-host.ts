import type { InvocationContext } from "@azure/functions";
import { DurableError } from "../core/errors.ts";
import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { Clock } from "../core/ports.ts";
import type { PublicOrigin } from "../management/management-links.ts";
import type { SignLink } from "../management/signed-links.ts";
import type { StartChecks } from "../management/start-checks.ts";
import type { Registry } from "../worker/registry.ts";

/**
 * How an app finds the process that runs it. The host and the app may have loaded two copies of this package, so they
 * meet under a global symbol; the contract's number changes with its shape.
 */
const embeddedHostKey = Symbol.for("durable-functions-ts.embedded-host.4");

/** What runs durable functions for the apps of a process: our local host, a worker in library mode, a Functions app. */
export interface EmbeddedHost {
  /** Called by every `DFApp` when it is created, before its functions are added. */
  attach(app: EmbeddedApp): void;
  /**
   * Resolves once the engine runs.
   *
   * @param context of the call that a client is for; some hosts hand over a connection with each call
   */
  connect(context?: InvocationContext): Promise<ClientConnection>;
}

export interface EmbeddedApp {
  readonly registry: Registry;
  /** The app stands behind a proxy whose headers are true. @defaultValue false */
  readonly trustForwardedHeaders?: boolean | undefined;
}

/** A function that is given a client. */
export interface ClientFunction {
  readonly name: string;
  /** `httpTrigger`, `timerTrigger` and so on. */
  readonly triggerType: string;
}

/** What a `DFApp` shows to a host that is started after it was loaded: library mode. */
export interface HostableApp extends EmbeddedApp {
  /** Functions with other triggers than durable ones, which only a Functions host serves. */
  readonly clientFunctions: readonly ClientFunction[];
  /**
   * Makes `host` the one that the app's clients come from.
   *
   * @returns takes it away again
   * @throws DurableError `NotSupported` when the app has a host already
   */
  attachTo(host: EmbeddedHost): () => void;
}

/** Where an app of this or another copy of the package keeps its {@link HostableApp}. */
const hostableAppKey = Symbol.for("durable-functions-ts.hostable-app.2");

/** What every app of this process shows, whichever copy of the package it was made by, in the order they were made. */
const loadedAppsKey = Symbol.for("durable-functions-ts.loaded-apps.1");

/** Lets hosts find what they need of an app. */
export function showToHosts(app: object, hostable: HostableApp): void {
  Object.defineProperty(app, hostableAppKey, { value: hostable });
  const globals = globalThis as { [loadedAppsKey]?: HostableApp[] };
  globals[loadedAppsKey] ??= [];
  globals[loadedAppsKey].push(hostable);
}

/** The apps that this process has loaded so far: modules need not export them. */
export function findLoadedApps(): readonly HostableApp[] {
  return [...((globalThis as { readonly [loadedAppsKey]?: readonly HostableApp[] })[loadedAppsKey] ?? [])];
}

/** `undefined` when it is no `DFApp`. */
export function findHostableApp(app: unknown): HostableApp | undefined {
  if (typeof app !== "object" || app === null) return undefined;
  return (app as { readonly [hostableAppKey]?: HostableApp })[hostableAppKey];
}

export interface ClientConnection {
  readonly client: OrchestrationClient;
  /** Where the management API answers, without a trailing slash: `http://localhost:7071/runtime/webhooks/durabletask`. */
  readonly managementBaseUrl: string;
  /** Name of the storage connection, as links to the management API carry it. */
  readonly connectionName: string;
  /** Where links lead that are made for a request. @defaultValue to the address that was asked */
  readonly publicOrigin?: PublicOrigin | undefined;
  /** What links to the management API carry besides, such as a key: `code=...`. @defaultValue nothing */
  readonly linkQuery?: string | undefined;
  /** Makes each link open its instance. @defaultValue links open nothing by themselves */
  readonly signLink?: SignLink | undefined;
  /**
   * What all apps of the process know of an orchestration before it is started; with it, starting an unknown one is
   * refused at once.
   *
   * @defaultValue what the app of the client knows; any name is taken
   */
  readonly startChecks?: StartChecks | undefined;
  /** What waits of the client go by. @defaultValue the machine's */
  readonly clock?: Clock | undefined;
  /** Lets go of what a client has opened for itself. @defaultValue nothing: the host closes it */
  readonly close?: (() => Promise<void>) | undefined;
}

/** Where an entity or an instance is, as `durable-functions` 3.x lets a caller say: there is no way from here to another hub. */
export interface EntityLocation {
  /** The hub of the client. */
  readonly taskHubName?: string | undefined;
  /** The storage connection of that hub. */
  readonly connectionName?: string | undefined;
}

/** @throws DurableError `InvalidOption` for what no host hands out */
export function assertConnection(connection: unknown): void {
  if (typeof connection === "object" && connection !== null && "managementBaseUrl" in connection) return;
  const ways = "DurableClient.connect({ storage, taskHub }) or app.connect(), and functions are given one";
  throw new DurableError("InvalidOption", `a DurableClient is made by ${ways}`);
}

/** @throws DurableError `NotSupported` for a hub that is not the client's */
export function assertOwnHub(connection: ClientConnection, { taskHubName, connectionName }: EntityLocation): void {
  const { client, connectionName: ownConnection } = connection;
  for (const [asked, own, what] of [
    [taskHubName, client.taskHub, "task hub"],
    [connectionName, ownConnection, "storage connection"],
  ] as const) {
    if (!asked || asked.toLowerCase() === own.toLowerCase()) continue;
    throw new DurableError("NotSupported", `this client speaks to the ${what} '${own}', not to '${asked}'`);
  }
}

/** Makes `host` the one that apps loaded from now on attach to. Returns a function that takes it away again. */
export function installEmbeddedHost(host: EmbeddedHost): () => void {
  const globals = globalThis as { [embeddedHostKey]?: EmbeddedHost };
  globals[embeddedHostKey] = host;
  return () => {
    if (globals[embeddedHostKey] === host) delete globals[embeddedHostKey];
  };
}

/** The host of this process, if it is one that embeds the engine. */
export function findEmbeddedHost(): EmbeddedHost | undefined {
  return (globalThis as { [embeddedHostKey]?: EmbeddedHost })[embeddedHostKey];
}

/** Stands in where no engine runs: HTTP functions that leave the client alone still answer. */
export const noConnection: ClientConnection = {
  get client(): never {
    throw notHosted();
  },
  get managementBaseUrl(): never {
    throw notHosted();
  },
  get connectionName(): never {
    throw notHosted();
  },
};

/** What an app answers that nothing runs. */
export function notHosted(): DurableError {
  return new DurableError(
    "NotSupported",
    "this process does not run orchestrations: start the app with 'npx durable start' or the Azure Functions host, or " +
      "call 'startWorker'",
  );
}
