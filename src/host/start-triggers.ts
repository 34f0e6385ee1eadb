import { availableParallelism, hostname } from "node:os";
import type { EventLog } from "../core/event-log.ts";
import type { LogSink } from "../core/ports.ts";
import { systemClock, systemRandom } from "../core/system-ports.ts";
import { describeProblem } from "./app/app-report.ts";
import type { FunctionApp } from "./app/function-app.ts";
import { createEventSink, type HostLog } from "./host-log.ts";
import type { Environment, JsonObject } from "./settings/host-json.ts";
import { findStorageAccount } from "./settings/storage-connection.ts";
import { defaultConnectionName } from "./triggers/local-trigger.ts";
import { TriggerHost } from "./triggers/trigger-host.ts";
import type { TriggerStorages } from "./triggers/trigger-storage.ts";

/** Called at most once per host, and only for apps whose triggers or outputs need storage. */
export type OpenTriggerStorages = (request: {
  readonly appFolder: string;
  readonly env: Environment;
  readonly log: LogSink;
}) => Promise<TriggerStorages>;

/** The triggers of an app that is not loaded yet, other than HTTP. */
export function createTriggerHost(options: {
  readonly hostJson: JsonObject;
  readonly env: Environment;
  readonly appFolder: string;
  readonly openTriggerStorages: OpenTriggerStorages;
  readonly log: HostLog;
  readonly events: EventLog;
}): TriggerHost {
  const { hostJson, env, appFolder, openTriggerStorages, log, events } = options;
  return new TriggerHost({
    hostJson,
    env,
    appFolder,
    machine: { name: hostname(), processorCount: availableParallelism() },
    openStorages: () => openTriggerStorages({ appFolder, env, log: createEventSink(log) }),
    clock: systemClock,
    random: systemRandom,
    events,
  });
}

/**
 * Lets triggers fire.
 *
 * @param hasLocalStore the engine has started one
 * @returns what is wrong with functions that cannot be served
 * @throws DurableError `InvalidOption` for settings of queues in host.json
 */
export async function startTriggers(
  triggers: TriggerHost,
  app: FunctionApp,
  hasLocalStore: boolean,
  env: Environment,
  events: EventLog,
): Promise<readonly string[]> {
  const hasStorage = hasLocalStore || findStorageAccount(defaultConnectionName, env) !== undefined;
  const problems = await triggers.start(app, hasStorage);
  return problems.map(({ functionName, message }) => {
    const text = describeProblem(functionName, message);
    events.write("FunctionInvalid", text, { functionName });
    return text;
  });
}
