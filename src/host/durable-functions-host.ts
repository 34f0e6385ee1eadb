import type { EventLog } from "../core/event-log.ts";
import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { LogSink } from "../core/ports.ts";
import { systemClock } from "../core/system-ports.ts";
import type { TaskExecutor } from "../core/task-executor.ts";
import { type ClientInput, DurableFunctions, type DurableProtocol } from "./app/durable-functions.ts";
import { createDurableInvoker } from "./app/durable-invoker.ts";
import type { EmbeddedApps } from "./app/embedded-apps.ts";
import type { FunctionApp } from "./app/function-app.ts";
import type { FunctionsCore } from "./app/functions-core.ts";
import type { TypedData } from "./app/typed-data.ts";
import { ClassicExecutor } from "./classic/classic-executor.ts";
import { type ClientBindingTarget, formatClientBinding } from "./classic/client-binding.ts";
import type { HostLog } from "./host-log.ts";
import { formatProtobufClientBinding } from "./protobuf/protobuf-client-binding.ts";

export interface DurableFunctionsHostOptions {
  readonly core: FunctionsCore;
  /** All apps of the process, which these functions join. */
  readonly apps: EmbeddedApps;
  readonly log: HostLog;
  readonly events: EventLog;
}

/** Puts an executor in front of another, which runs what it does not know. */
export type ExtendExecutor = (others: TaskExecutor) => TaskExecutor;

/** Runs the durable functions of an app that are no `DFApp`'s: those written for `durable-functions` 3.x and 4. */
export class DurableFunctionsHost {
  readonly #options: DurableFunctionsHostOptions;
  readonly #clientInputs = new Map<DurableProtocol, TypedData>();
  #classic = new DurableFunctions([]);
  #protobuf = new DurableFunctions([]);
  #hasProtobufClients = false;
  #stopServer: (() => Promise<void>) | undefined;

  constructor(options: DurableFunctionsHostOptions) {
    this.#options = options;
  }

  /** What a function with a durable client gets for it; `undefined` before the engine runs. */
  readonly clientInput: ClientInput = (protocol) => this.#clientInputs.get(protocol);

  /** Takes over the durable functions of a loaded app. @throws DurableError `HostStartFailed` when a `DFApp` has one of their names */
  adopt(app: FunctionApp): void {
    const functions = app.functions.flatMap(({ durable }) => durable ?? []);
    this.#classic = new DurableFunctions(functions.filter(({ protocol }) => protocol === "json"));
    this.#protobuf = new DurableFunctions(functions.filter(({ protocol }) => protocol === "protobuf"));
    this.#hasProtobufClients = app.clientProtocols.has("protobuf");
    this.#classic.join(this.#options.apps);
    this.#protobuf.join(this.#options.apps);
  }

  /** What runs these functions is loaded only for an app that has some. */
  async createExtendExecutor(httpPollIntervalMs: number): Promise<ExtendExecutor> {
    const { core, apps, log, events } = this.#options;
    const invoke = createDurableInvoker(core, log, this.clientInput);
    const extendByProtobuf = await this.#loadProtobuf(httpPollIntervalMs);
    if (this.#classic.isEmpty) return extendByProtobuf;
    return (others) =>
      new ClassicExecutor({
        functions: this.#classic,
        invoke,
        others: extendByProtobuf(others),
        activityNames: () => apps.activityNames,
        orchestrationNames: () => apps.orchestrationNames,
        httpPollIntervalMs,
        events,
      });
  }

  async #loadProtobuf(httpPollIntervalMs: number): Promise<ExtendExecutor> {
    if (this.#protobuf.isEmpty) return (others) => others;
    const { core, log } = this.#options;
    const functions = this.#protobuf;
    const invoke = createDurableInvoker(core, log, this.clientInput);
    const { ProtobufExecutor } = await import("./protobuf/protobuf-executor.ts");
    return (others) => new ProtobufExecutor({ functions, invoke, others, httpPollIntervalMs });
  }

  /** The engine runs: functions get their clients from now on. @throws DurableError `HostStartFailed` when no port is free */
  async connect(target: ClientBindingTarget, client: OrchestrationClient, log: LogSink): Promise<void> {
    this.#clientInputs.set("json", { string: formatClientBinding(target) });
    if (!this.#hasProtobufClients) return;
    const { ClientServer } = await import("../grpc/sidecar/client-server.ts");
    const server = new ClientServer({ client, clock: systemClock, log });
    this.#stopServer = () => server.stop();
    const port = await server.start("127.0.0.1:0");
    const binding = formatProtobufClientBinding({ ...target, rpcBaseUrl: `http://127.0.0.1:${port}` });
    this.#clientInputs.set("protobuf", { string: binding });
  }

  /** Never rejects. */
  async stop(): Promise<void> {
    await this.#stopServer?.();
  }
}
