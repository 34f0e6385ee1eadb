import { format } from "node:util";
import { DurableError, isDurableError, messageOf } from "../core/errors.ts";
import { createEventLog, type EventLog } from "../core/event-log.ts";
import type { LogSink } from "../core/ports.ts";
import { systemClock } from "../core/system-ports.ts";
import { resolveWorkerLimits } from "../core/worker-limits.ts";
import type { ClientConnection } from "../functions/embedded-host.ts";
import type { DurableEngine } from "../host/durable-engine.ts";
import { createEventSink, createLogFilter, type HostLog } from "../host/host-log.ts";
import { type Environment, readHostJson } from "../host/settings/host-json.ts";
import { findStorageAccount } from "../host/settings/storage-connection.ts";
import { publicOriginBy } from "../management/management-links.ts";
import { LinkSigner } from "../management/signed-links.ts";
import { createStartChecks } from "../management/start-checks.ts";
import type { InProcessExecutorOptions } from "../worker/in-process-executor.ts";
import type { Registry } from "../worker/registry.ts";
import { createFunctionAppManagement, type FunctionAppManagement } from "./function-app-management.ts";
import {
  type FunctionAppSettings,
  functionAppSettingNames,
  type ManagementFunctions,
  readFunctionAppSettings,
} from "./function-app-settings.ts";
import { FunctionAppWorker } from "./function-app-worker.ts";
import { HealthMonitor, type HostHealth } from "./health.ts";
import { createHubEngine } from "./hub-engine.ts";
import type { HubAccount } from "./hub-storage.ts";
import { stopOnSignals } from "./stop-signals.ts";
import { assertAccountOpens } from "./storage-account.ts";
import { accountOf, openTaskHub } from "./task-hub.ts";
import { WakeQueue } from "./wake-queue.ts";
import { createWatchedExecutor } from "./watched-executor.ts";
import { WorkMeter } from "./work-meter.ts";

export interface FunctionAppEngineOptions {
  /** The functions of all `DFApp`s of the process. */
  readonly registries: readonly Registry[];
  /** Where host.json is. */
  readonly appFolder: string;
  readonly env: Environment;
  readonly log: HostLog;
  /** An app says that it stands behind a proxy whose headers are true. @defaultValue false, unless host.json says so */
  readonly trustForwardedHeaders?: boolean | undefined;
  /** @defaultValue they are read from `appFolder` and `env` */
  readonly settings?: FunctionAppSettings | undefined;
}

/**
 * An engine of one's own in a Function App that has no Durable extension.
 *
 *   created ──start──▶ starting (again and again while storage is away) ──▶ running ──stop──▶ stopped
 *
 * The host knows nothing of it: work goes on outside of function calls.
 */
export interface FunctionAppEngine {
  /** Works from the beginning, whether or not {@link start} has come to its end. */
  readonly connection: ClientConnection;
  readonly settings: FunctionAppSettings;
  /** The HTTP functions to register; `undefined` when they are switched off. */
  readonly management: ManagementFunctions | undefined;
  /** Resolves, with what to say to the user, when the engine cannot go on. */
  readonly failed: Promise<string>;
  /**
   * Resolves once it takes work: not to be waited for while the app starts. From now on SIGTERM and SIGINT stop it too.
   *
   * @throws DurableError for what time does not mend; `Aborted` when it was stopped before
   */
  start(): Promise<void>;
  /** Takes at most 4 seconds, which is what a host waits for. Never rejects; repeated calls wait for the first. */
  stop(): Promise<void>;
  /** Answers the function that asks for a key. Never rejects. */
  handleManagement(request: Request): Promise<Response>;
  /** Answers the function for signed links, which asks for no key. Never rejects. */
  handleSignedLink(request: Request): Promise<Response>;
  /**
   * What functions do that a timer or the wake queue calls, which keeps the platform from unloading an app at work: it
   * lasts until nothing has run for 5 seconds, at most 4 minutes. Never rejects.
   */
  heartbeat(): Promise<void>;
  health(): HostHealth;
}

const maxStopMs = 4_000;
/** Leaves half a second for what runs on, and 2 for the partitions. */
const stopGraceMs = 1_300;
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
const heartbeatQuietMs = 5_000;
const heartbeatMaxMs = 4 * 60_000;

/**
 * The log without those lives of functions that `logging.logLevel` of host.json hushes: the host knows the lines of this
 * process by other categories, so that it cannot tell them from those of user code.
 */
async function withoutHushedLives(log: HostLog, appFolder: string, env: Environment): Promise<HostLog> {
  const isLogged = createLogFilter(await readHostJson(appFolder, env).catch(() => ({})), true);
  return (entry) => {
    const isLife = entry.event !== undefined && entry.category.startsWith("Function.");
    if (!isLife || isLogged(entry)) log(entry);
  };
}

/**
 * Makes the engine of a Function App. Asks nothing of the storage yet.
 *
 * @throws DurableError as `readFunctionAppSettings`
 */
export async function createFunctionAppEngine(options: FunctionAppEngineOptions): Promise<FunctionAppEngine> {
  const settings = options.settings ?? (await readFunctionAppSettings(options));
  const { registries, appFolder, env, log } = options;
  const { durableTask } = settings;
  const health = new HealthMonitor(systemClock, durableTask.hubName);
  const events = health.watch(createEventSink(await withoutHushedLives(log, appFolder, env)));
  if (durableTask.versioning !== undefined) {
    for (const registry of registries) registry.setDefaultVersioning(durableTask.versioning);
  }
  const hostEvents = createEventLog(events, { taskHub: durableTask.hubName });
  for (const { setting, text } of [...durableTask.unused, ...settings.unusedLimits])
    hostEvents.write("SettingIgnored", text, { setting });
  const account = accountOf(durableTask, env);
  // The process belongs to the host.
  const limitDefaults = { unknownNames: "fail", maxBlockedMs: 0 } as const;
  const limits = resolveWorkerLimits(durableTask.limits, limitDefaults, "host.json: extensions.durableTask.limits");
  const worker = new FunctionAppWorker({
    env,
    taskHub: durableTask.hubName,
    accountId: accountIdOf(durableTask.connectionName, account, env),
    clock: systemClock,
    log: events,
  });
  const meter = new WorkMeter(systemClock);
  const wakeQueue =
    settings.wakeQueue &&
    new WakeQueue({
      taskHub: durableTask.hubName,
      queueName: settings.wakeQueue.queueName,
      maxPollingIntervalMs: durableTask.maxQueuePollingIntervalMs,
      clock: systemClock,
      events: createEventLog(events, { taskHub: durableTask.hubName, workerId: worker.workerId }),
    });
  worker.wakeBy(wakeQueue);
  try {
    const hub = await openTaskHub({ settings: durableTask, appFolder, env, log: events, worker });
    const userCode: InProcessExecutorOptions = {
      registries,
      clock: systemClock,
      durableHttp: { defaultPollInterval: durableTask.httpPollIntervalMs },
      replayCheck: durableTask.replayCheck,
      log: (level, instanceId, functionName, args) => {
        const message = `${format(...args)} [${functionName} ${instanceId}]`;
        log({ level, category: `Function.${functionName}.User`, message });
      },
    };
    const engine = createHubEngine(hub, {
      executor: meter.watch(createWatchedExecutor(userCode, limits)),
      limits,
      log: events,
      maxConcurrentOrchestrations: durableTask.maxConcurrentOrchestratorFunctions,
      maxConcurrentEntities: durableTask.maxConcurrentEntityFunctions,
      maxEntityOperations: durableTask.maxEntityOperationBatchSize,
      maxConcurrentActivities: durableTask.maxConcurrentActivityFunctions,
      stopGraceMs,
      retention: durableTask.retention,
    });
    const watchers = { worker, meter, wakeQueue, health };
    const { trustForwardedHeaders = false } = options;
    const given = { settings, account, registries, trustForwardedHeaders, env };
    return new HubFunctionAppEngine({ ...given, ...watchers, engine, log: events });
  } catch (error) {
    worker.close();
    throw error;
  }
}

interface Parts {
  readonly settings: FunctionAppSettings;
  readonly account: HubAccount;
  readonly engine: DurableEngine;
  readonly worker: FunctionAppWorker;
  readonly meter: WorkMeter;
  readonly wakeQueue: WakeQueue | undefined;
  readonly health: HealthMonitor;
  readonly registries: readonly Registry[];
  readonly trustForwardedHeaders: boolean;
  readonly env: Environment;
  readonly log: LogSink;
}

class HubFunctionAppEngine implements FunctionAppEngine {
  readonly connection: ClientConnection;
  readonly settings: FunctionAppSettings;
  readonly management: ManagementFunctions | undefined;
  readonly failed: Promise<string>;
  readonly #parts: Parts;
  readonly #events: EventLog;
  readonly #api: FunctionAppManagement | undefined;
  readonly #stopping = new AbortController();
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #hasFailed = false;
  #detachSignals: () => void = () => {};

  constructor(parts: Parts) {
    const { settings, engine, registries, trustForwardedHeaders, log } = parts;
    this.#parts = parts;
    this.settings = settings;
    this.management = settings.management;
    this.failed = engine.failed;
    const { taskHub } = engine.client;
    this.#events = createEventLog(log, { taskHub, workerId: parts.worker.workerId });
    const startChecks = createStartChecks(() => registries);
    const { connectionName, useForwardedHost } = settings.durableTask;
    const publicOrigin = publicOriginBy({ trustForwardedHeaders: useForwardedHost || trustForwardedHeaders });
    this.#api =
      this.management &&
      createFunctionAppManagement({
        functions: this.management,
        routePrefix: settings.routePrefix,
        client: engine.client,
        connectionName,
        publicOrigin,
        allowed: settings.durableTask.allowed,
        startChecks,
        signer: this.#createSigner(),
        health: () => this.health(),
        limits: settings.limits,
        clock: systemClock,
        log,
      });
    const linkPath = this.#api?.linkPath;
    this.connection = {
      client: engine.client,
      connectionName,
      publicOrigin,
      startChecks,
      signLink: this.#api?.signLink,
      get managementBaseUrl(): string {
        if (linkPath !== undefined) return settings.origin + linkPath;
        throw new DurableError(
          "NotSupported",
          `there are no links to an instance: ${functionAppSettingNames.route} has switched the management API off`,
        );
      },
    };
  }

  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  handleManagement(request: Request): Promise<Response> {
    return this.#api?.handleManagement(request) ?? Promise.resolve(new Response(null, { status: 404 }));
  }

  handleSignedLink(request: Request): Promise<Response> {
    return this.#api?.handleSignedLink(request) ?? Promise.resolve(new Response(null, { status: 404 }));
  }

  heartbeat(): Promise<void> {
    return this.#parts.meter.waitForQuiet(heartbeatQuietMs, heartbeatMaxMs, this.#stopping.signal);
  }

  health(): HostHealth {
    const health = this.#parts.health.read(true, this.#parts.engine.partitions?.());
    return this.#hasFailed ? { ...health, status: "unhealthy", isReady: false, state: "failed" } : health;
  }

  async #start(): Promise<void> {
    const { engine, worker, wakeQueue, health, env } = this.#parts;
    const { signal } = this.#stopping;
    this.#detachSignals = stopOnSignals(() => this.stop());
    if (this.management?.authLevel === "anonymous") {
      const text = "the management API asks for no key: whoever reaches this app may manage all instances";
      this.#events.write("ManagementExposed", text, { setting: functionAppSettingNames.authLevel });
    }
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        await this.#assertAccountOpens(env);
        await worker.succeedTheDead();
        if (signal.aborted) break;
        await engine.start();
        if (signal.aborted) break;
        void wakeQueue?.create();
        health.hasStarted(engine.storage);
        const text = `takes work as ${worker.workerId}, on ${engine.storage}`;
        this.#events.write("EngineStarted", text, {});
        return;
      } catch (error) {
        if (signal.aborted) break;
        if (!isPassing(error)) {
          this.#hasFailed = true;
          throw error;
        }
        this.#events.write("EngineStartFailed", messageOf(error), { attempt });
        await systemClock.sleep(Math.min(longestPauseMs, firstPauseMs * 2 ** (attempt - 1)), signal);
      }
    }
    throw new DurableError("Aborted", "the engine was stopped before it ran");
  }

  async #stop(): Promise<void> {
    const { engine, worker, wakeQueue, health } = this.#parts;
    this.#stopping.abort();
    health.isStopping();
    const over = new AbortController();
    void wakeQueue?.handOver();
    const stopped = engine.stop().then(() => wakeQueue?.handOver());
    await Promise.race([stopped, systemClock.sleep(maxStopMs, over.signal)]);
    over.abort();
    worker.close();
    this.#detachSignals();
    health.hasStopped();
  }

  /** A missing account is named within seconds, not after all the attempts of a request. */
  async #assertAccountOpens(env: Environment): Promise<void> {
    const { account } = this.#parts;
    await assertAccountOpens({ ...account, setting: `the app setting ${account.setting}` }, env);
  }

  #createSigner(): LinkSigner | undefined {
    const { settings, account, engine } = this.#parts;
    const { credential } = account.connection;
    const secret = settings.linkKey ?? (credential.kind === "accountKey" ? credential.accountKey : undefined);
    if (secret === undefined) {
      const text = "links to instances are not signed, because the storage account is named without its key";
      this.#events.write("LinksNotSigned", text, { setting: functionAppSettingNames.linkKey });
      return undefined;
    }
    const { taskHub } = engine.client;
    return new LinkSigner({ secret, taskHub, lifetimeMs: settings.linkLifetimeMs, now: () => systemClock.now() });
  }
}

/** Tells hubs of one name in different accounts apart. */
function accountIdOf(connectionName: string, { connection }: HubAccount, env: Environment): string {
  const found = findStorageAccount(connectionName, env);
  return found?.kind === "connectionString" ? found.connectionString : connection.queueEndpoint;
}

/** Storage comes back, and an account lets in later whom it does not know yet; a wrong setting stays wrong. */
function isPassing(error: unknown): boolean {
  return (
    isDurableError(error) &&
    ["StorageUnavailable", "StorageBeingDeleted", "StorageRejected", "Aborted"].includes(error.code)
  );
}
