import { DurableError, messageOf } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import type { Clock, Random } from "../../core/ports.ts";
import type { FunctionApp, ServedFunction, TriggerPort } from "../app/function-app.ts";
import type { RegisteredFunction, TriggerBinding } from "../app/function-metadata.ts";
import type { InvocationResponse } from "../app/functions-core.ts";
import type { TypedData } from "../app/typed-data.ts";
import { findSetting } from "../settings/app-settings.ts";
import type { Environment, JsonObject } from "../settings/host-json.ts";
import { describeMissingAccount, findStorageAccount } from "../settings/storage-connection.ts";
import { hostIdOf } from "./host-id.ts";
import {
  defaultConnectionName,
  isDefaultConnection,
  type LocalTrigger,
  type QueueTrigger,
  readLocalTrigger,
  type TimerTrigger,
} from "./local-trigger.ts";
import { QueueListener } from "./queue-listener.ts";
import { poisonQueueOf } from "./queue-message.ts";
import { isQueueOutput, writeQueueOutputs } from "./queue-outputs.ts";
import { type QueueSettings, readQueueSettings } from "./queue-settings.ts";
import { findTimeZone, type TimeZone } from "./schedule/time-zone.ts";
import { findIanaName } from "./schedule/windows-zones.ts";
import { LeaseLock, noLock } from "./singleton-lock.ts";
import { TimerListener } from "./timer-listener.ts";
import { timerInput } from "./timer-status.ts";
import type { TriggerStorage, TriggerStorages } from "./trigger-storage.ts";

export interface TriggerHostOptions {
  readonly hostJson: JsonObject;
  readonly env: Environment;
  readonly appFolder: string;
  readonly machine: { readonly name: string; readonly processorCount: number };
  /** Called at most once, when a trigger or an output needs storage. */
  readonly openStorages: () => Promise<TriggerStorages>;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventLog;
}

/** Where the Functions host keeps what its hosts share. */
const hostContainer = "azure-webjobs-hosts";

/** The timers and queues of an app, and who listens to them. */
export class TriggerHost implements TriggerPort {
  /** Resolves, with what to say to the user, when storage is gone that this process has started. */
  readonly failed: Promise<string>;
  readonly #options: TriggerHostOptions;
  readonly #zone: TimeZone;
  readonly #hostId: string;
  readonly #timers = new Map<string, TimerListener>();
  readonly #queues: { readonly trigger: QueueTrigger; readonly listener: QueueListener }[] = [];
  #storages: Promise<TriggerStorages> | undefined;
  #fail!: (text: string) => void;
  #settings: QueueSettings | undefined;

  constructor(options: TriggerHostOptions) {
    const { env, machine, appFolder, events } = options;
    this.#options = options;
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    this.#zone = findHostZone(env, events);
    this.#hostId = hostIdOf(env, machine.name, appFolder);
  }

  readonly read = (trigger: TriggerBinding): LocalTrigger | undefined => {
    const { env, clock } = this.#options;
    const local = readLocalTrigger(trigger, env, this.#zone, clock.now());
    if (local?.kind === "queue") assertAccount(local, env);
    return local;
  };

  readonly writeOutputs = async (fn: RegisteredFunction, response: InvocationResponse): Promise<void> => {
    if (!Object.values(fn.metadata.bindings).some(isQueueOutput)) return;
    await writeQueueOutputs(fn, response, {
      storages: await this.#openStorages(),
      messageEncoding: this.#queueSettings.messageEncoding,
      env: this.#options.env,
      onSent: (connectionName, queueName) => this.#notify(connectionName, queueName),
    });
  };

  /**
   * Listens to all triggers of an app. Storage that does not answer is waited for in the background.
   *
   * @param hasStorage there is an account, or a local store, that the status of timers can be kept in
   * @returns functions that cannot be served, and why
   * @throws DurableError `InvalidOption` for settings of queues in host.json
   */
  async start(
    app: FunctionApp,
    hasStorage: boolean,
  ): Promise<readonly { readonly functionName: string; readonly message: string }[]> {
    const problems: { functionName: string; message: string }[] = [];
    for (const served of app.functions) {
      if (served.local?.kind !== "queue") continue;
      const settings = this.#queueSettings;
      try {
        await this.#listenToQueue(app, served, served.local, settings);
      } catch (error) {
        problems.push({ functionName: served.name, message: messageOf(error) });
      }
    }
    const timers = app.functions.filter(({ local }) => local?.kind === "timer");
    const storage = timers.length === 0 ? undefined : await this.#openHostStorage(timers, hasStorage);
    for (const served of timers) this.#listenToTimer(app, served, served.local as TimerTrigger, storage);
    return problems;
  }

  /** What a timer gets that is called by hand. */
  readonly valueByHand = ({ name, local }: ServedFunction): TypedData | undefined => {
    if (local?.kind !== "timer") return undefined;
    return timerInput(this.#timers.get(name)?.status, this.#zone, false);
  };

  /** From now on no trigger fires any more. */
  stop(): void {
    for (const listener of this.#listeners) listener.stop();
  }

  /** Gives back messages whose functions still run, and resolves once all else is settled. Never rejects. */
  async close(): Promise<void> {
    await Promise.all(this.#queues.map(({ listener }) => listener.close()));
    const ended = Promise.all([...this.#timers.values()].map((listener) => listener.close()));
    // A function that does not end keeps nobody.
    const pause = new AbortController();
    await Promise.race([ended, this.#options.clock.sleep(closeTimeoutMs, pause.signal)]);
    pause.abort("closed");
    await this.#storages?.then((storages) => storages.close());
  }

  #openStorages(): Promise<TriggerStorages> {
    this.#storages ??= this.#options.openStorages().then((storages) => {
      void storages.failed.then(this.#fail);
      return storages;
    });
    return this.#storages;
  }

  /** Read when something asks for them: an app without queues need not have them right. */
  get #queueSettings(): QueueSettings {
    this.#settings ??= readQueueSettings(this.#options.hostJson, this.#options.machine);
    return this.#settings;
  }

  /** Looks at a queue now. */
  #notify(connectionName: string, queueName: string): void {
    for (const { trigger, listener } of this.#queues) {
      if (trigger.connectionName === connectionName && trigger.queueName === queueName) listener.notify();
    }
  }

  get #listeners(): readonly { stop(): void }[] {
    return [...this.#timers.values(), ...this.#queues.map(({ listener }) => listener)];
  }

  async #listenToQueue(
    app: FunctionApp,
    served: ServedFunction,
    trigger: QueueTrigger,
    settings: QueueSettings,
  ): Promise<void> {
    const { clock, random, events } = this.#options;
    const storage = await (await this.#openStorages()).open(trigger.connectionName);
    const poisonName = poisonQueueOf(trigger.queueName);
    const listener = new QueueListener({
      functionName: served.name,
      queue: storage.queue(trigger.queueName),
      poisonQueue: poisonName === undefined ? undefined : storage.queue(poisonName),
      settings,
      clock,
      random,
      events,
      call: (input, metadata, reason) => app.callTriggered(served, input, reason, metadata),
    });
    this.#queues.push({ trigger, listener });
    listener.start();
  }

  #listenToTimer(
    app: FunctionApp,
    served: ServedFunction,
    trigger: TimerTrigger,
    storage: TriggerStorage | undefined,
  ): void {
    const { clock, random, events } = this.#options;
    const { name } = served;
    const hostId = this.#hostId;
    const lock =
      storage === undefined || storage.isOwn
        ? noLock
        : new LeaseLock({
            blob: storage.blob(hostContainer, `locks/${hostId}/Host.Functions.${name}.Listener`),
            clock,
            random,
            onWait: (reason) =>
              events.write("TriggerWaits", `the timer waits for its lock: ${reason}`, { functionName: name }),
          });
    const listener = new TimerListener({
      functionName: name,
      trigger,
      zone: this.#zone,
      lock,
      monitor: trigger.useMonitor
        ? storage?.blob(hostContainer, `timers/${hostId}/Host.Functions.${name}/status`)
        : undefined,
      clock,
      events,
      call: (input, reason) => app.callTriggered(served, input, reason),
    });
    this.#timers.set(name, listener);
    listener.start();
  }

  /** Without storage timers run all the same; only what is missed while no host runs is not made up for. */
  async #openHostStorage(timers: readonly ServedFunction[], hasStorage: boolean): Promise<TriggerStorage | undefined> {
    const { events } = this.#options;
    const usesDefault = this.#queues.some(({ trigger }) => isDefaultConnection(trigger.connectionName));
    if (!hasStorage && !usesDefault) return undefined;
    try {
      return await (await this.#openStorages()).open(defaultConnectionName);
    } catch (error) {
      const text = `the status of schedules is not kept, as there is no storage: ${messageOf(error)}`;
      events.write("ScheduleNotKept", text, { functionName: timers.map(({ name }) => name).join(", ") });
      return undefined;
    }
  }
}

const closeTimeoutMs = 3_000;

/** Nothing is opened yet. @throws DurableError `HostStartFailed` when no setting names the account */
function assertAccount({ connectionName }: QueueTrigger, env: Environment): void {
  if (findStorageAccount(connectionName, env) !== undefined || isDefaultConnection(connectionName)) return;
  throw new DurableError("HostStartFailed", describeMissingAccount(connectionName));
}

/** `WEBSITE_TIME_ZONE`, else that of the machine. */
function findHostZone(env: Environment, events: EventLog): TimeZone {
  const setting = "WEBSITE_TIME_ZONE";
  const name = findSetting(env, setting);
  const zone = name === undefined ? undefined : findTimeZone(findIanaName(name) ?? name);
  if (zone !== undefined) return zone;
  const own = findTimeZone(Intl.DateTimeFormat().resolvedOptions().timeZone) ?? findTimeZone("UTC")!;
  if (name !== undefined) {
    const text = `${setting} is '${name}', which is no time zone here: names are like 'Europe/Berlin' or 'W. Europe Standard Time'. Schedules go by that of this machine, ${own.name}`;
    events.write("SettingIgnored", text, { setting });
  }
  return own;
}
