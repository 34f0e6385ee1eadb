import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { messageOf } from "../../core/errors.ts";
import type { EventLog } from "../../core/event-log.ts";
import { type LinkedSignal, linkSignals } from "../../core/linked-signal.ts";
import type { RequestOf, UnaryMethodName } from "../service/service-definition.ts";
import { serviceDefinition } from "../service/service-definition.ts";
import type { CallGuard } from "./call-guard.ts";
import { isServerFault, toCallStatus } from "./call-status.ts";
import { RemoteWorker } from "./remote-worker.ts";
import type { CallScope, UnaryCalls } from "./unary-calls.ts";
import type { WorkDispatcher } from "./work-dispatcher.ts";
import { identifyWorker, isOwnProduct } from "./worker-identity.ts";

export interface ClientServiceOptions {
  readonly calls: Partial<UnaryCalls<UnaryMethodName>>;
  readonly readHistory: (request: RequestOf<"streamInstanceHistory">) => Promise<Iterable<Uint8Array>>;
  readonly guard: CallGuard;
  readonly events: EventLog;
  /** Aborts when the server stops: whoever waits is let go. */
  readonly stopping: AbortSignal;
}

export interface SidecarServiceOptions extends ClientServiceOptions {
  readonly calls: UnaryCalls<UnaryMethodName>;
  readonly dispatcher: WorkDispatcher;
}

/** The service definition for servers whose streams send messages that are encoded already. */
export const sidecarServiceDefinition: ServiceDefinition = Object.fromEntries(
  Object.entries(serviceDefinition).map(([name, definition]) => [
    name,
    definition.responseStream ? { ...definition, responseSerialize: toBuffer } : definition,
  ]),
);

/** The service as `@grpc/grpc-js` calls it. */
export function createSidecarService(options: SidecarServiceOptions): UntypedServiceImplementation {
  return { ...createClientService(options), getWorkItems: handleWorker(options) };
}

/** The part of the service that clients call, and workers for histories. */
export function createClientService(options: ClientServiceOptions): UntypedServiceImplementation {
  const { calls } = options;
  const unary = Object.keys(calls).map((name) => [name, handleUnary(name as UnaryMethodName, options)]);
  return { ...Object.fromEntries(unary), streamInstanceHistory: handleHistory(options) };
}

function handleUnary(name: UnaryMethodName, options: ClientServiceOptions): handleUnaryCall<unknown, unknown> {
  const { calls, guard, stopping } = options;
  const answer = calls[name] as (request: unknown, scope: CallScope) => Promise<unknown>;
  return (call, callback) => {
    const header = headersOf(call.metadata);
    const refusal = guard.refuse(header);
    if (refusal !== undefined) return callback(refusal);
    const scope = new LazyScope(call, stopping, isOwnProduct(header));
    answer(call.request, scope)
      .then(
        (response) => callback(null, response),
        (error) => callback(describeFailure(name, error, call, options)),
      )
      .finally(() => scope.end());
  };
}

/** Most calls are answered without asking whether somebody waits. */
class LazyScope implements CallScope {
  readonly #call: ServerUnaryCall<unknown, unknown>;
  readonly #stopping: AbortSignal;
  readonly isOwnClient: boolean;
  #linked: LinkedSignal | undefined;

  constructor(call: ServerUnaryCall<unknown, unknown>, stopping: AbortSignal, isOwnClient: boolean) {
    this.#call = call;
    this.#stopping = stopping;
    this.isOwnClient = isOwnClient;
  }

  get signal(): AbortSignal {
    if (this.#linked === undefined) {
      const cancelled = new AbortController();
      if (this.#call.cancelled) cancelled.abort();
      else this.#call.once("cancelled", () => cancelled.abort());
      this.#linked = linkSignals(cancelled.signal, this.#stopping);
    }
    return this.#linked.signal;
  }

  end(): void {
    this.#linked?.unlink();
  }
}

/** A worker has come: it gets work for as long as its stream lasts. */
function handleWorker({
  dispatcher,
  guard,
  stopping,
}: SidecarServiceOptions): handleServerStreamingCall<RequestOf<"getWorkItems">, Uint8Array> {
  return (call) => {
    const header = headersOf(call.metadata);
    const refusal = guard.refuse(header);
    if (refusal !== undefined) return void call.emit("error", refusal);
    if (stopping.aborted) return void call.end();
    const worker = new RemoteWorker({
      identity: identifyWorker(header, call.getPeer()),
      request: call.request,
      send: (workItem) => call.write(workItem),
    });
    const leave = () => {
      stopping.removeEventListener("abort", end);
      dispatcher.disconnect(worker);
    };
    const end = () => {
      leave();
      call.end();
    };
    for (const event of ["cancelled", "close", "error", "finish"]) call.on(event, leave);
    call.on("drain", () => dispatcher.drained(worker));
    stopping.addEventListener("abort", end, { once: true });
    dispatcher.connect(worker);
  };
}

function handleHistory(
  options: ClientServiceOptions,
): handleServerStreamingCall<RequestOf<"streamInstanceHistory">, Uint8Array> {
  return async (call) => {
    const refusal = options.guard.refuse(headersOf(call.metadata));
    if (refusal !== undefined) return void call.emit("error", refusal);
    try {
      for (const chunk of await options.readHistory(call.request)) {
        if (call.cancelled) return;
        if (!call.write(chunk)) await drained(call);
      }
      call.end();
    } catch (error) {
      call.emit("error", describeFailure("streamInstanceHistory", error, call, options));
    }
  };
}

/** Resolves also when nobody reads any more. */
function drained(call: ServerWritableStream<unknown, unknown>): Promise<void> {
  const events = ["drain", "cancelled", "close", "error"];
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) call.removeListener(event, done);
      resolve();
    };
    for (const event of events) call.on(event, done);
  });
}

function describeFailure(
  method: string,
  error: unknown,
  call: ServerUnaryCall<unknown, unknown> | ServerWritableStream<unknown, unknown>,
  { events, stopping }: ClientServiceOptions,
) {
  const failure = toCallStatus(error);
  // Who was waiting may ask another server, or this one once it is back.
  if (failure.code === status.CANCELLED && stopping.aborted && !call.cancelled) {
    return { code: status.UNAVAILABLE, details: "the server stops" };
  }
  if (isServerFault(failure)) events.write("SidecarCallFailed", messageOf(error), { method });
  return failure;
}

function headersOf(metadata: Metadata): (name: string) => string | undefined {
  return (name) => {
    const [value] = metadata.get(name);
    return value === undefined ? undefined : String(value);
  };
}

function toBuffer(bytes: unknown): Buffer {
  const { buffer, byteOffset, byteLength } = bytes as Uint8Array;
  return Buffer.from(buffer, byteOffset, byteLength);
}
