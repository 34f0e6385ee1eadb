import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Server, ServerCredentials, type ServerUnaryCall, type ServerWritableStream, status } from "@grpc/grpc-js";
import type { Random } from "../../src/core/ports.ts";
import { silentLog } from "../../src/core/ports.ts";
import { systemClock } from "../../src/core/system-ports.ts";
import { openChannel } from "../../src/grpc/channel/task-hub-channel.ts";
import { toTimestamp } from "../../src/grpc/codec/times.ts";
import type { HistoryEventInit } from "../../src/grpc/codec/wire-types.ts";
import {
  type ActivityResponse,
  type GetWorkItemsRequest,
  type HistoryEvent,
  HistoryEventSchema,
  OrchestrationStatus,
  type OrchestratorResponse,
  type WorkItem,
  WorkItemSchema,
} from "../../src/grpc/proto/orchestrator_service_pb.ts";
import { serviceDefinition } from "../../src/grpc/service/service-definition.ts";
import { GrpcWorker, type GrpcWorkerOptions } from "../../src/grpc/worker/grpc-worker.ts";
import { InProcessExecutor } from "../../src/worker/in-process-executor.ts";
import { Registry } from "../../src/worker/registry.ts";

interface Instance {
  readonly past: HistoryEvent[];
  recent: HistoryEvent[];
  isOut: boolean;
  result: string | undefined;
}

interface Abandonment {
  readonly completionToken: string;
}

type Stream = ServerWritableStream<GetWorkItemsRequest, MessageInitShape<typeof WorkItemSchema>>;
type EventType = HistoryEventInit["eventType"];

/**
 * As much of a server as orchestrations of activities need, over real sockets. What it knows outlives its death, as with
 * a server that keeps it in storage.
 */
export class SmallServer {
  readonly #instances = new Map<string, Instance>();
  /** What is out, by its token; what was not answered when its stream ended is sent again. */
  readonly #out = new Map<string, { readonly item: WorkItem; readonly stream: Stream }>();
  readonly #waiting: WorkItem[] = [];
  readonly #streams: Stream[] = [];
  #server: Server | undefined;
  #tokens = 0;
  #next = 0;
  /** Outcomes of work that was not out any more. */
  stale = 0;
  abandoned = 0;
  port = 0;

  async start(): Promise<void> {
    const server = new Server({ "grpc.max_receive_message_length": 4 * 1024 * 1024 });
    server.addService(serviceDefinition, {
      hello: (_call: unknown, reply: (error: null, answer: object) => void) => reply(null, {}),
      getWorkItems: (stream: Stream) => this.#connect(stream),
      completeOrchestratorTask: this.#unary((response: OrchestratorResponse) => this.#completeTurn(response)),
      completeActivityTask: this.#unary((response: ActivityResponse) => this.#completeActivity(response)),
      abandonTaskOrchestratorWorkItem: this.#unary((_: Abandonment, item) => this.#takeBack(item)),
      abandonTaskActivityWorkItem: this.#unary((_: Abandonment, item) => this.#takeBack(item)),
    });
    this.port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${this.port}`, ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
    this.#server = server;
  }

  /** Cuts all connections. */
  die(): void {
    this.#server?.forceShutdown();
    this.#server = undefined;
  }

  get connected(): number {
    return this.#streams.length;
  }

  begin(instanceId: string, name: string, input: unknown): void {
    this.#instances.set(instanceId, { past: [], recent: [], isOut: false, result: undefined });
    const orchestrationInstance = { instanceId, executionId: `${instanceId}-1` };
    this.#tell(instanceId, {
      case: "executionStarted",
      value: { name, input: JSON.stringify(input), orchestrationInstance },
    });
  }

  resultOf(instanceId: string): unknown {
    const result = this.#instances.get(instanceId)?.result;
    return result === undefined ? undefined : JSON.parse(result);
  }

  #connect(stream: Stream): void {
    this.#streams.push(stream);
    stream.on("error", () => {});
    stream.on("close", () => this.#disconnect(stream));
    stream.on("cancelled", () => this.#disconnect(stream));
    this.#hand();
  }

  #disconnect(stream: Stream): void {
    const place = this.#streams.indexOf(stream);
    if (place < 0) return;
    this.#streams.splice(place, 1);
    for (const [token, out] of this.#out) {
      if (out.stream !== stream || out.item.request.case === "activityRequest") continue;
      this.#out.delete(token);
      this.#waiting.push(out.item);
    }
    this.#hand();
  }

  /** In turn to all that are connected. */
  #hand(): void {
    while (this.#streams.length > 0 && this.#waiting.length > 0) {
      const item = this.#waiting.shift()!;
      const stream = this.#streams[this.#next++ % this.#streams.length]!;
      const completionToken = `token ${++this.#tokens}`;
      this.#out.set(completionToken, { item, stream });
      stream.write({ ...item, completionToken });
    }
  }

  #tell(instanceId: string, eventType: EventType): void {
    const instance = this.#instances.get(instanceId)!;
    instance.recent.push(event(-1, eventType));
    this.#wake(instanceId, instance);
  }

  #wake(instanceId: string, instance: Instance): void {
    if (instance.isOut || instance.recent.length === 0) return;
    instance.isOut = true;
    const newEvents = [event(-1, { case: "orchestratorStarted", value: {} }), ...instance.recent];
    instance.recent = [];
    const value = { instanceId, executionId: `${instanceId}-1`, pastEvents: [...instance.past], newEvents };
    instance.past.push(...newEvents);
    this.#waiting.push(create(WorkItemSchema, { request: { case: "orchestratorRequest", value } }));
    this.#hand();
  }

  #completeTurn({ instanceId, actions }: OrchestratorResponse): void {
    const instance = this.#instances.get(instanceId)!;
    instance.isOut = false;
    for (const { id, orchestratorActionType: action } of actions) {
      if (action.case === "scheduleTask") {
        const { name, input } = action.value;
        instance.past.push(event(id, { case: "taskScheduled", value: { name, input } }));
        const value = { name, input, taskId: id, orchestrationInstance: { instanceId } };
        this.#waiting.push(create(WorkItemSchema, { request: { case: "activityRequest", value } }));
      } else if (action.case === "completeOrchestration") {
        const { orchestrationStatus, result } = action.value;
        instance.result = orchestrationStatus === OrchestrationStatus.COMPLETED ? result : '"failed"';
      }
    }
    this.#wake(instanceId, instance);
    this.#hand();
  }

  #completeActivity({ instanceId, taskId, result }: ActivityResponse): void {
    this.#tell(instanceId, { case: "taskCompleted", value: { taskScheduledId: taskId, result } });
  }

  #takeBack(item: WorkItem): void {
    this.abandoned++;
    this.#waiting.push(item);
    this.#hand();
  }

  #unary<T extends Abandonment>(complete: (request: T, item: WorkItem) => void) {
    return (
      { request }: ServerUnaryCall<T, object>,
      reply: (error: { readonly code: number } | null, answer?: object) => void,
    ) => {
      const out = this.#out.get(request.completionToken);
      if (out === undefined) {
        this.stale++;
        reply({ code: status.NOT_FOUND });
        return;
      }
      this.#out.delete(request.completionToken);
      complete(request, out.item);
      reply(null, {});
    };
  }
}

function event(eventId: number, eventType: EventType): HistoryEvent {
  const init: HistoryEventInit = { eventId, timestamp: toTimestamp(new Date()) };
  return create(HistoryEventSchema, eventType === undefined ? init : { ...init, eventType });
}

/** Waits a fiftieth of what a random worker would on average, so that reconnecting takes no time. */
const impatientRandom: Random = { guid: () => crypto.randomUUID(), number: () => 0.01 };

/** A worker of the hello sequence. */
export function createWorker(
  server: SmallServer,
  sayHello: (city: string) => unknown,
  options: Partial<GrpcWorkerOptions> = {},
): GrpcWorker {
  const registry = new Registry();
  registry.addActivity({ name: "sayHello", activity: (city) => sayHello(String(city)) });
  registry.addOrchestration({
    name: "helloSequence",
    *orchestrator(context) {
      const greetings: unknown[] = [];
      for (const city of context.getInput() as string[]) greetings.push(yield context.callActivity("sayHello", city));
      return greetings;
    },
  });
  return new GrpcWorker({
    openChannel: () => openChannel({ address: `http://127.0.0.1:${server.port}` }),
    executor: new InProcessExecutor({ registries: [registry], clock: systemClock }),
    clock: systemClock,
    random: impatientRandom,
    log: silentLog,
    ...options,
  });
}
