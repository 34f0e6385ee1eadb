import type { EventLog } from "../../core/event-log.ts";
import { redactSecrets } from "../../core/redact-secrets.ts";
import { installEmbeddedHost } from "../../functions/embedded-host.ts";
import type { Registry } from "../../worker/registry.ts";
import { DurableFunctionsHost } from "../durable-functions-host.ts";
import { type HostLog, readFunctionsLogLevel } from "../host-log.ts";
import { findSetting } from "../settings/app-settings.ts";
import { type JsonObject, memberOf, sectionOf } from "../settings/host-json.ts";
import { createTriggerHost, type OpenTriggerStorages } from "../start-triggers.ts";
import type { TriggerHost } from "../triggers/trigger-host.ts";
import { type FunctionList, reportApp } from "./app-report.ts";
import type { EmbeddedApps } from "./embedded-apps.ts";
import { FunctionApp } from "./function-app.ts";
import { FunctionJsonFunctions } from "./function-json-functions.ts";
import { FunctionsCore } from "./functions-core.ts";
import { type AppPlace, type LoadedApp, loadAppWithin } from "./load-app.ts";
import { injectModule } from "./module-injection.ts";

export interface AppOpening extends AppPlace {
  /** Of this package. */
  readonly version: string;
  /** Only these functions are served. @defaultValue `functions` of host.json, else all */
  readonly functions?: readonly string[] | undefined;
  /** How long the app's own code may take to load, in milliseconds. @defaultValue 20,000 */
  readonly loadTimeoutMs?: number | undefined;
  readonly hostJson: JsonObject;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the host answers: `http://localhost:7071`. */
  readonly origin: string;
  readonly openTriggerStorages: OpenTriggerStorages;
  /** Is attached to by the `DFApp`s. */
  readonly apps: EmbeddedApps;
  readonly log: HostLog;
  readonly events: EventLog;
  /** Is told of each step how it is undone, in reverse and also when the opening fails. */
  readonly onStop: (undo: () => Promise<void> | void) => void;
}

/** The code of an app folder, in this process, with nothing that runs it yet. */
export interface OpenedApp {
  readonly app: FunctionApp;
  readonly durable: DurableFunctionsHost;
  /** Fires nothing until it is started. */
  readonly triggers: TriggerHost;
  readonly loaded: LoadedApp;
  /** The functions that this package runs itself, in this process. */
  readonly registries: readonly Registry[];
  /** It has orchestrations, entities or clients, or may have. */
  readonly isDurable: boolean;
}

const terminateTimeoutMs = 5_000;

/** Loads the app of a folder. @throws DurableError `HostStartFailed` and the like */
export async function openApp(opening: AppOpening): Promise<OpenedApp> {
  const { apps, log, events, onStop } = opening;
  const core = new FunctionsCore({
    version: opening.version,
    log: (level, category, message) =>
      log({
        level: readFunctionsLogLevel(level),
        category: category === "user" ? "Function.App.User" : "Host.Functions",
        message: category === "user" ? message : redactSecrets(message),
      }),
  });
  onStop(injectModule("@azure/functions-core", core.createModule()));
  onStop(installEmbeddedHost(apps));
  onStop(() => runTerminateHooks(core));
  const loaded = await load(opening, core);
  // Functions of other protocols join them later, and run elsewhere.
  const registries = [...apps.registries];
  const durable = new DurableFunctionsHost({ core, apps, log, events });
  const triggers = createTriggerHost(opening);
  const app = readFunctions(opening, core, durable, triggers);
  const isDurable = apps.registries.length > 0 || app.clientProtocols.size > 0;
  return { app, durable, triggers, loaded, registries, isDurable };
}

async function load(opening: AppOpening, core: FunctionsCore): Promise<LoadedApp> {
  const { apps, events, version } = opening;
  const declared = new FunctionJsonFunctions({ core, apps, events, version });
  const cure = () =>
    apps.isAwaited
      ? "it waits for app.connect(), but the engine starts only after loading. Call connect() inside a function, or do not await it at the top level."
      : "a longer time can be given with --timeout.";
  return await loadAppWithin(opening.loadTimeoutMs ?? 20_000, opening, core, cure, declared);
}

function readFunctions(
  opening: AppOpening,
  core: FunctionsCore,
  durable: DurableFunctionsHost,
  triggers: TriggerHost,
): FunctionApp {
  const { hostJson, env, apps, log, events, origin } = opening;
  const list = functionList(opening);
  const app = new FunctionApp({
    core,
    routePrefix: String(memberOf(sectionOf(hostJson, "extensions", "http"), "routePrefix") ?? "api"),
    allowList: list?.names,
    isDisabled: (name) => /^(?:true|1)$/i.test(findSetting(env, `AzureWebJobs.${name}.Disabled`) ?? ""),
    clientInput: durable.clientInput,
    triggers,
    log,
  });
  const { orchestrationNames, activityNames, entityNames } = apps;
  const others = [...orchestrationNames, ...activityNames, ...entityNames];
  reportApp(app, list, [...core.functions.map(({ metadata }) => metadata.name), ...others], events, origin);
  durable.adopt(app);
  apps.assertDefinedOnce();
  return app;
}

function functionList({ functions, hostJson }: AppOpening): FunctionList | undefined {
  if (functions !== undefined) return { names: functions, source: "--functions" };
  const listed = memberOf(hostJson, "functions");
  return Array.isArray(listed) ? { names: listed.map(String), source: "host.json: 'functions'" } : undefined;
}

async function runTerminateHooks(core: FunctionsCore): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, terminateTimeoutMs);
  });
  await Promise.race([core.runAppHooks("appTerminate"), timeout]).finally(() => clearTimeout(timer));
}
