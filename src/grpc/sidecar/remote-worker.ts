import { create, toBinary } from "@bufbuild/protobuf";
import type { EntityEncoding } from "../codec/history-writer.ts";
import { type GetWorkItemsRequest, WorkerCapability, WorkItemSchema } from "../proto/orchestrator_service_pb.ts";
import { readWorkItemFilters, type WorkItemFilter, type WorkKind, type WorkName } from "./work-item-filter.ts";
import type { WorkerIdentity } from "./worker-identity.ts";

export interface RemoteWorkerOptions {
  readonly identity: WorkerIdentity;
  readonly request: GetWorkItemsRequest;
  /** Writes an encoded `WorkItem` to the stream. `false` when the stream has enough for now: see `drained`. */
  readonly send: (workItem: Uint8Array) => boolean;
}

const healthPing = toBinary(WorkItemSchema, create(WorkItemSchema, { request: { case: "healthPing", value: {} } }));

/** A worker that is connected: what it takes, and how much of it. Lives as long as its stream. */
export class RemoteWorker {
  readonly description: string;
  readonly entityEncoding: EntityEncoding;
  readonly supportsPatches: boolean;
  /** It can fetch a long history by itself. */
  readonly streamsHistory: boolean;
  readonly #filter: WorkItemFilter;
  readonly #limits: Readonly<Record<WorkKind, number>>;
  readonly #running: Record<WorkKind, number> = { orchestration: 0, activity: 0, entity: 0 };
  readonly #send: (workItem: Uint8Array) => boolean;
  #isCongested = false;

  constructor({ identity, request, send }: RemoteWorkerOptions) {
    this.description = identity.description;
    this.entityEncoding = identity.entityEncoding;
    this.supportsPatches = identity.supportsPatches;
    this.streamsHistory = request.capabilities.includes(WorkerCapability.HISTORY_STREAMING);
    this.#filter = readWorkItemFilters(request.workItemFilters);
    this.#limits = {
      orchestration: limitOf(request.maxConcurrentOrchestrationWorkItems),
      activity: limitOf(request.maxConcurrentActivityWorkItems),
      entity: limitOf(request.maxConcurrentEntityWorkItems),
    };
    this.#send = send;
  }

  takes(work: WorkName): boolean {
    return this.#filter.takes(work);
  }

  /** How many more work items of a kind it takes now. */
  room(kind: WorkKind): number {
    if (this.#isCongested || !this.#filter.takesAny(kind)) return 0;
    return this.#limits[kind] - this.#running[kind];
  }

  /** A work item is about to be sent to it. */
  begin(kind: WorkKind): void {
    this.#running[kind]++;
  }

  /** A work item is not its own any more. */
  end(kind: WorkKind): void {
    this.#running[kind]--;
  }

  send(workItem: Uint8Array): void {
    this.#isCongested = !this.#send(workItem);
  }

  /** Shows it that this side lives. */
  ping(): void {
    if (!this.#isCongested) this.send(healthPing);
  }

  /** Its stream takes more again. */
  drained(): void {
    this.#isCongested = false;
  }
}

/** 0 stands for as many as there are. */
function limitOf(asked: number): number {
  return asked > 0 ? asked : Number.POSITIVE_INFINITY;
}
