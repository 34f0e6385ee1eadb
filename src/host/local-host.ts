import { randomUUID } from "node:crypto";
import { availableParallelism } from "node:os";
import { DurableError, messageOf } from "../core/errors.ts";
import { createEventLog, type EventLog } from "../core/event-log.ts";
import { redactSecrets } from "../core/redact-secrets.ts";
import { systemClock } from "../core/system-ports.ts";
import { RequestGuard } from "../http/request-guard.ts";
import { publicOriginBy } from "../management/management-links.ts";
import { type HostAccess, type OnKeysMade, openHostAccess } from "./access/host-access.ts";
import { describeProblem } from "./app/app-report.ts";
import { describeApp, identifyApp } from "./app/describe-app.ts";
import { EmbeddedApps } from "./app/embedded-apps.ts";
import { openApp } from "./app/open-app.ts";
import type { CreateDurableEngine } from "./durable-engine.ts";
import { createEventSink, type HostLog, type LogFilter } from "./host-log.ts";
import type { CutOffWork, RunningHost } from "./running-host.ts";
import type { HostState } from "./server/admin-api.ts";
import type { CorsPolicy } from "./server/cors.ts";
import { parseCorsPolicy } from "./server/cors.ts";
import { renderHomepage } from "./server/homepage.ts";
import { createHostGuard } from "./server/host-guard.ts";
import type { FrontContent } from "./server/http-front.ts";
import { HttpFront } from "./server/http-front.ts";
import { hostInUrl } from "./server/listen-address.ts";
import { readAllowedCallers } from "./settings/allowed-callers.ts";
import { findSetting } from "./settings/app-settings.ts";
import { resolveDurableTaskSettings } from "./settings/durable-task-settings.ts";
import { type HttpLimits, readLimits } from "./settings/http-limits.ts";
import type { LocalSettings } from "./settings/local-settings.ts";
import { hostEnvironment } from "./settings/local-settings.ts";
import { readFolderSettings } from "./settings/read-settings.ts";
import { startDurable } from "./start-durable.ts";
import { type OpenTriggerStorages, startTriggers } from "./start-triggers.ts";

export interface LocalHostOptions {
  readonly appFolder: string;
  readonly productName: string;
  readonly version: string;
  /** 0 takes any free port. @defaultValue `Host.LocalHttpPort` of local.settings.json, else 7071 */
  readonly port?: number | undefined;
  /** @defaultValue `Host.LocalHttpAddress` of local.settings.json, else `localhost`: 127.0.0.1 and ::1 */
  readonly address?: string | undefined;
  /** Only these functions are served. @defaultValue `functions` of host.json, else all */
  readonly functions?: readonly string[] | undefined;
  /** Comma-separated origins. @defaultValue `Host.CORS` of local.settings.json */
  readonly cors?: string | undefined;
  /** Whether pages of those origins may send cookies. @defaultValue `Host.CORSCredentials` of local.settings.json */
  readonly corsCredentials?: boolean | undefined;
  /**
   * Comma-separated host names, besides those of the loopback address, under which requests are served.
   *
   * @defaultValue the setting `DURABLE_ALLOWED_HOSTS`, else `httpSettings.allowedHosts` of host.json
   */
  readonly allowedHosts?: string | undefined;
  /**
   * Whether callers need keys: for functions of the levels `function` and `admin`, the management API and `/admin`.
   *
   * @defaultValue not where the setting `DURABLE_NO_AUTH` is true; else on an address other than loopback
   */
  readonly auth?: boolean | undefined;
  /** Is handed the keys that this start has made, to be shown once. They belong to no log. */
  readonly onKeysMade?: OnKeysMade | undefined;
  readonly verbose?: boolean | undefined;
  /** Names the entry files in place of `main` of package.json. */
  readonly main?: string | undefined;
  /** How long a stop lets running calls go on, in milliseconds. @defaultValue 5,000 */
  readonly drainTimeoutMs?: number | undefined;
  /** How long the app's own code may take to load, in milliseconds. @defaultValue 20,000 */
  readonly loadTimeoutMs?: number | undefined;
  /** Read, and extended by local.settings.json: the app sees it as its environment. */
  readonly env: Record<string, string | undefined>;
  readonly log: HostLog;
  readonly createEngine: CreateDurableEngine;
  readonly openTriggerStorages: OpenTriggerStorages;
}

const drainTimeoutMs = 5_000;

/**
 * Runs one Functions app in this process, with its orchestrations on an engine.
 *
 *   created ──start──▶ Starting ──▶ Running ──stop──▶ Stopping ──▶ Stopped
 *                         └── a failure stops what was started and is thrown
 *
 * It listens before the app is loaded; requests wait. Stopping means: take no requests, let running ones end,
 * stop the engine, run the app's `appTerminate` hooks, close connections.
 */
export class LocalHost {
  readonly #options: LocalHostOptions;
  readonly #apps = new EmbeddedApps();
  readonly #instanceId = randomUUID();
  /** Undone in reverse when the host stops; none of them rejects. */
  readonly #undo: (() => Promise<void> | void)[] = [];
  readonly #onStop = (undo: () => Promise<void> | void) => void this.#undo.push(undo);
  #state: HostState = "Starting";
  #errors: readonly string[] = [];
  #isLogged: LogFilter = () => true;
  #stopListening: () => void = () => {};
  #guard = new RequestGuard({ allowedHosts: [], allowedOrigins: [] });
  #stopped: Promise<void> | undefined;
  #cutOff: CutOffWork = { calls: 0, activities: 0 };

  constructor(options: LocalHostOptions) {
    this.#options = options;
  }

  /** Resolves when the app is served and its engine runs. @throws DurableError */
  async start(): Promise<RunningHost> {
    try {
      return await this.#start();
    } catch (error) {
      this.#state = "Error";
      this.#errors = [redactSecrets(messageOf(error))];
      this.#apps.engineGone(error);
      await this.stop();
      // What was begun while an earlier stop ran.
      await this.#undoAll();
      throw error;
    }
  }

  /** Never rejects; repeated calls wait for the first. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** What the stop has interrupted. */
  get cutOff(): CutOffWork {
    return this.#cutOff;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<RunningHost> {
    const { appFolder, env } = this.#options;
    const folder = await readFolderSettings(appFolder, env, this.#options.verbose ?? false);
    const { localSettings, hostJson } = folder;
    this.#isLogged = folder.isLogged;
    folder.report(this.#events);

    const cors = this.#readCors(localSettings);
    const address = this.#options.address ?? localSettings.address ?? "localhost";
    const limits = readLimits(env, this.#events);
    const { auth, onKeysMade } = this.#options;
    const events = this.#events;
    const access = await openHostAccess({ appFolder, address, auth, env, clock: systemClock, events, onKeysMade });
    const { isExposed, needsKeys } = access;
    const allowed = readAllowedCallers(hostJson, env, this.#options.allowedHosts);
    this.#guard = createHostGuard({ cors, allowed, isExposed, needsKeys, isBehindProxy: false, events });
    const serve = await this.#listen(localSettings, cors, address, limits, access);
    access.tellExposure();
    const { origin, port } = serve;
    for (const [name, value] of hostEnvironment(appFolder, port)) env[name] = value;

    const { app, durable, triggers, loaded, isDurable } = await openApp({
      ...this.#options,
      hostJson,
      origin,
      apps: this.#apps,
      log: this.#filteredLog,
      events: this.#events,
      onStop: this.#onStop,
    });
    this.#errors = app.problems.map(({ functionName, message }) => describeProblem(functionName, message));

    this.#assertNotStopped();
    const settings = resolveDurableTaskSettings(hostJson, env, { processorCount: availableParallelism() });
    const trustForwardedHeaders = settings.useForwardedHost || this.#apps.trustForwardedHeaders;
    // The proxy that sets them has looked at the host.
    if (trustForwardedHeaders) {
      this.#guard = createHostGuard({ cors, allowed, isExposed, needsKeys, isBehindProxy: true, events });
    }
    const guard = this.#guard;
    const isServed = (name: string) => guard.servesHost(name);
    const publicOrigin = publicOriginBy({ trustForwardedHeaders, isServed, ownOrigin: origin });
    const described = { ...(await identifyApp(appFolder)), isDurable, needsKeys };
    const { createEngine } = this.#options;
    const started =
      isDurable &&
      (await startDurable({
        appFolder,
        settings,
        createEngine,
        apps: this.#apps,
        durable,
        clientProtocols: app.clientProtocols,
        access,
        guard,
        origin,
        publicOrigin,
        env,
        log: this.#filteredLog,
        events: this.#events,
        limits,
        openApi: () => describeApp(app, this.#apps, described),
        onStop: this.#onStop,
        assertNotStopped: () => this.#assertNotStopped(),
      }));
    this.#undo.push(() => triggers.close());
    this.#undo.push(async () => {
      const count = await app.drain(this.#options.drainTimeoutMs ?? drainTimeoutMs);
      this.#cutOff = { ...this.#cutOff, calls: count };
      if (count > 0)
        this.#events.write("FunctionCallsCutOff", `${count} function call(s) did not end in time`, { count });
    });
    this.#assertNotStopped();
    this.#undo.push(() => triggers.stop());
    const hasLocalStore = started !== false && settings.usesLocalStore;
    const problems = await startTriggers(triggers, app, hasLocalStore, env, events);
    this.#errors = [...this.#errors, ...problems];
    serve.content({
      app,
      httpUri: loaded.capabilities["HttpUri"],
      management: started ? started.management.api : undefined,
    });
    this.#state = "Running";
    const { orchestrationNames, firstOrchestration, activityNames, entityNames } = this.#apps;
    return {
      origin,
      app,
      orchestrationNames,
      firstOrchestration,
      activityNames,
      entityNames,
      engine: started ? started.engine : undefined,
      failed: Promise.race([triggers.failed, ...(started ? [started.engine.failed] : [])]),
      keySource: access.source,
    };
  }

  async #stop(): Promise<void> {
    const failed = this.#state === "Error";
    if (!failed) this.#state = "Stopping";
    this.#stopListening();
    await this.#undoAll();
    if (!failed) this.#state = "Stopped";
    this.#apps.engineGone(undefined);
  }

  async #undoAll(): Promise<void> {
    for (const undo of this.#undo.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        this.#events.write("HostStopFailed", messageOf(error), {});
      }
    }
  }

  #assertNotStopped(): void {
    if (this.#stopped !== undefined) throw new DurableError("Aborted", "the host was stopped while it started");
  }

  #readCors(settings: LocalSettings): CorsPolicy | undefined {
    const credentials = this.#options.corsCredentials ?? settings.corsCredentials;
    const { policy, problems } = parseCorsPolicy(this.#options.cors ?? settings.cors, credentials);
    for (const problem of problems) this.#events.write("SettingIgnored", problem, { setting: "Host.CORS" });
    return policy;
  }

  async #listen(
    settings: LocalSettings,
    cors: CorsPolicy | undefined,
    address: string,
    limits: HttpLimits,
    access: HostAccess,
  ) {
    const { productName, version, env } = this.#options;
    let content!: (content: FrontContent) => void;
    let unavailable!: (error: unknown) => void;
    const front = new HttpFront({
      cors,
      limits,
      guard: () => this.#guard,
      access,
      homepage:
        findSetting(env, "AzureWebJobsDisableHomepage")?.toLowerCase() === "true"
          ? undefined
          : renderHomepage(productName, version),
      status: () => ({ state: this.#state, version, instanceId: this.#instanceId, errors: this.#errors }),
      content: new Promise((resolve, reject) => {
        content = resolve;
        unavailable = reject;
      }),
      events: this.#events,
    });
    const port = await front.listen(this.#options.port ?? settings.port ?? 7071, address);
    this.#undo.push(() => front.closeConnections());
    this.#stopListening = () => {
      unavailable(undefined);
      front.stopListening();
    };
    return { origin: `http://${hostInUrl(address)}:${port}`, port, content };
  }

  readonly #filteredLog: HostLog = (entry) => {
    if (entry.event === "ActivityHandedBack" || entry.event === "ActivityLeftBehind")
      this.#cutOff = { ...this.#cutOff, activities: this.#cutOff.activities + 1 };
    if (this.#isLogged(entry)) this.#options.log(entry);
  };
  readonly #events: EventLog = createEventLog(createEventSink(this.#filteredLog));
}
