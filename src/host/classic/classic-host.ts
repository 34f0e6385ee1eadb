import { DurableError } from "../../core/errors.ts";
import { createEventLog } from "../../core/event-log.ts";
import type { TaskExecutor } from "../../core/task-executor.ts";
import type { EmbeddedApps } from "../app/embedded-apps.ts";
import type { FunctionApp } from "../app/function-app.ts";
import type { FunctionsCore } from "../app/functions-core.ts";
import type { TypedData } from "../app/typed-data.ts";
import { createEventSink, type HostLog } from "../host-log.ts";
import { ClassicExecutor } from "./classic-executor.ts";
import { ClassicFunctions } from "./classic-functions.ts";
import { createClassicInvoker } from "./classic-invoker.ts";
import { type ClientBindingTarget, formatClientBinding } from "./client-binding.ts";

export interface ClassicHostOptions {
  readonly core: FunctionsCore;
  /** All apps of the process, which those of the JSON protocol join. */
  readonly apps: EmbeddedApps;
  readonly log: HostLog;
}

/** Runs the parts of an app that were written for `durable-functions` 3.x, beside its `DFApp`s. */
export class ClassicHost {
  readonly #options: ClassicHostOptions;
  #functions = new ClassicFunctions([]);
  #clientInput: TypedData | undefined;

  constructor(options: ClassicHostOptions) {
    this.#options = options;
  }

  /** What a function with a durable client gets for it; `undefined` before the engine runs. */
  readonly clientInput = (): TypedData | undefined => this.#clientInput;

  /** Takes over the durable functions of a loaded app. @throws DurableError `HostStartFailed` when a `DFApp` has one of their names */
  adopt(app: FunctionApp): void {
    this.#functions = new ClassicFunctions(app.functions.flatMap(({ classic }) => classic ?? []));
    if (this.#functions.isEmpty) return;
    const { apps } = this.#options;
    const { orchestrationNames, activityNames, entityNames } = this.#functions.registry;
    const duplicates = [
      ...orchestrationNames.filter((name) => has(apps.orchestrationNames, name)),
      ...activityNames.filter((name) => has(apps.activityNames, name)),
      ...entityNames.filter((name) => has(apps.entityNames, name)),
    ];
    if (duplicates.length > 0) {
      throw new DurableError(
        "HostStartFailed",
        `defined both by a DFApp and with durable-functions, under one name: '${duplicates.join("', '")}'. Rename one of each two`,
      );
    }
    apps.attach({ registry: this.#functions.registry });
  }

  /** @param others runs what the app has not written for `durable-functions` */
  createExecutor(others: TaskExecutor, httpPollIntervalMs: number): TaskExecutor {
    if (this.#functions.isEmpty) return others;
    const { core, apps, log } = this.#options;
    return new ClassicExecutor({
      functions: this.#functions,
      invoke: createClassicInvoker(core, log, this.clientInput),
      others,
      activityNames: () => apps.activityNames,
      orchestrationNames: () => apps.orchestrationNames,
      httpPollIntervalMs,
      events: createEventLog(createEventSink(log)),
    });
  }

  /** The engine runs: functions get their clients from now on. */
  connect(target: ClientBindingTarget): void {
    this.#clientInput = { string: formatClientBinding(target) };
  }
}

function has(names: readonly string[], name: string): boolean {
  return names.some((each) => each.toLowerCase() === name.toLowerCase());
}
