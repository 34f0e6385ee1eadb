import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import type { HistoryEvent } from "../../../../src/core/history-event.ts";
import type { LogSink, Random } from "../../../../src/core/ports.ts";
import type { TaskExecutor } from "../../../../src/core/task-executor.ts";
import { CallFailure, type CallOptions, type TaskHubChannel } from "../../../../src/grpc/channel/task-hub-channel.ts";
import { HistoryWriter } from "../../../../src/grpc/codec/history-writer.ts";
import type { WireHistoryEvent } from "../../../../src/grpc/codec/wire-types.ts";
import {
  HistoryChunkSchema,
  HistoryEventSchema,
  type WorkItem,
  WorkItemSchema,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import type {
  MethodName,
  RequestInit,
  ResponseOf,
  StreamMethodName,
  UnaryMethodName,
} from "../../../../src/grpc/service/service-definition.ts";
import { GrpcWorker, type GrpcWorkerOptions } from "../../../../src/grpc/worker/grpc-worker.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";
import { InProcessExecutor } from "../../../../src/worker/in-process-executor.ts";
import { Registry } from "../../../../src/worker/registry.ts";

export interface Call {
  readonly method: MethodName;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at the fields it knows
  readonly request: any;
}

/** Lets everything happen that waits for nothing but turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export function failure(code: number, method: MethodName = "hello"): CallFailure {
  return new CallFailure({ method, target: "test:1", code, details: `scripted ${status[code]}` });
}

/** One connection: a queue of what its stream of work items brings. */
export class ScriptedStream {
  readonly request: RequestInit<"getWorkItems">;
  #queue: (WorkItem | Error | undefined)[] = [];
  #wake: (() => void) | undefined;
  #signal: AbortSignal | undefined;
  /** How many items its reader has taken. */
  taken = 0;

  constructor(request: RequestInit<"getWorkItems">, signal: AbortSignal | undefined) {
    this.request = request;
    this.#signal = signal;
    signal?.addEventListener("abort", () => this.#put(failure(status.CANCELLED, "getWorkItems")));
  }

  get isCancelled(): boolean {
    return this.#signal?.aborted === true;
  }

  send(item: MessageInitShape<typeof WorkItemSchema>): void {
    this.#put(create(WorkItemSchema, item));
  }

  end(): void {
    this.#put(undefined);
  }

  fail(code: number): void {
    this.#put(failure(code, "getWorkItems"));
  }

  async *read(): AsyncGenerator<WorkItem, void, undefined> {
    for (;;) {
      while (this.#queue.length === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
      const next = this.#queue.shift();
      if (next === undefined) return;
      if (next instanceof Error) throw next;
      this.taken++;
      yield next;
    }
  }

  #put(next: WorkItem | Error | undefined): void {
    this.#queue.push(next);
    this.#wake?.();
  }
}

/** A server in memory: it takes what is sent, and answers as the test says. */
export class ScriptedServer {
  /** All unary calls that have arrived, `hello` not among them. */
  readonly calls: Call[] = [];
  readonly streams: ScriptedStream[] = [];
  readonly closed: number[] = [];
  opened = 0;
  /** What the next greetings come to; afterwards they are answered. */
  readonly greetings: (Error | Promise<unknown>)[] = [];
  /** What the next calls come to, before they are answered. */
  readonly failures: (Error | Promise<unknown>)[] = [];
  /** What is streamed of histories. */
  history: readonly (readonly WireHistoryEvent[])[] = [];
  readonly historyRequests: unknown[] = [];

  get stream(): ScriptedStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error("nobody is connected");
    return stream;
  }

  methods(): readonly MethodName[] {
    return this.calls.map(({ method }) => method);
  }

  openChannel(): TaskHubChannel {
    const number = this.opened++;
    return {
      target: "test:1",
      taskHub: undefined,
      unary: <N extends UnaryMethodName>(name: N, request: RequestInit<N>, options?: CallOptions) =>
        this.#unary(name, request, options),
      stream: <N extends StreamMethodName>(name: N, request: RequestInit<N>, options?: CallOptions) =>
        this.#stream(name, request, options),
      close: () => {
        this.closed.push(number);
      },
    };
  }

  async #unary<N extends UnaryMethodName>(
    method: N,
    request: RequestInit<N>,
    options?: CallOptions,
  ): Promise<ResponseOf<N>> {
    if (method === "hello") {
      await this.#come(this.greetings.shift(), options?.signal);
    } else {
      this.calls.push({ method, request });
      await this.#come(this.failures.shift(), options?.signal);
    }
    return {} as ResponseOf<N>;
  }

  async #come(outcome: Error | Promise<unknown> | undefined, signal: AbortSignal | undefined): Promise<void> {
    if (outcome instanceof Error) throw outcome;
    if (outcome === undefined) return;
    const called = new Promise((_, reject) =>
      signal?.addEventListener("abort", () => reject(failure(status.CANCELLED))),
    );
    await Promise.race([outcome, called]);
  }

  #stream<N extends StreamMethodName>(
    name: N,
    request: RequestInit<N>,
    options?: CallOptions,
  ): AsyncIterable<ResponseOf<N>> {
    if (name === "streamInstanceHistory") {
      this.historyRequests.push(request);
      return this.#streamHistory() as AsyncIterable<ResponseOf<N>>;
    }
    const stream = new ScriptedStream(request as RequestInit<"getWorkItems">, options?.signal);
    this.streams.push(stream);
    return stream.read() as AsyncIterable<ResponseOf<N>>;
  }

  async *#streamHistory() {
    for (const events of this.history) yield create(HistoryChunkSchema, { events: [...events] });
  }
}

const steadyRandom: Random = { guid: () => "00000000-0000-4000-8000-000000000001", number: () => 0.5 };

export interface Logged {
  readonly event: string;
  readonly text: string;
}

export interface WorkerBench {
  readonly server: ScriptedServer;
  readonly worker: GrpcWorker;
  readonly clock: SteppedClock;
  readonly logged: Logged[];
  events(): readonly string[];
}

/** A worker on a scripted server, with what `register` gives it to run. */
export function createBench(
  register: (registry: Registry) => void,
  options: Partial<GrpcWorkerOptions> & { readonly registry?: Registry } = {},
): WorkerBench {
  const server = new ScriptedServer();
  const clock = new SteppedClock();
  const logged: Logged[] = [];
  const log: LogSink = { log: (_level, event, text) => logged.push({ event, text }) };
  const { registry = new Registry(), ...rest } = options;
  register(registry);
  const executor: TaskExecutor = new InProcessExecutor({ registries: [registry], clock });
  const worker = new GrpcWorker({
    openChannel: () => server.openChannel(),
    executor,
    log,
    clock,
    random: steadyRandom,
    ...rest,
  });
  return { server, worker, clock, logged, events: () => logged.map(({ event }) => event) };
}

/** {@link createBench}, started and connected. */
export async function startBench(...args: Parameters<typeof createBench>): Promise<WorkerBench> {
  const bench = createBench(...args);
  await bench.worker.start();
  await settle();
  return bench;
}

/** Events of the core as they come over the wire. */
export function toWire(events: readonly HistoryEvent[]): WireHistoryEvent[] {
  const writer = new HistoryWriter("messages");
  return events.map((event) => create(HistoryEventSchema, writer.write(event)));
}
