import type {
  ActivityRequest,
  EntityBatchRequest,
  EntityRequest,
  OrchestratorRequest,
  WorkItem,
} from "../proto/orchestrator_service_pb.ts";

export type WorkKind = "orchestration" | "activity" | "entity";

/** A work item of the server that something can be run for. */
export type Work = OrchestrationWork | ActivityWork | EntityWork;

export interface OrchestrationWork extends WorkHeader {
  readonly kind: "orchestration";
  readonly request: OrchestratorRequest;
}

export interface ActivityWork extends WorkHeader {
  readonly kind: "activity";
  readonly request: ActivityRequest;
}

export interface EntityWork extends WorkHeader {
  readonly kind: "entity";
  /** Of the first or the second version of the protocol. */
  readonly request: EntityBatchRequest | EntityRequest;
}

interface WorkHeader {
  /** As it came, with the request in it. */
  readonly item: WorkItem;
  /** Empty when the server cannot say. */
  readonly instanceId: string;
  /** Opaque, and goes back with the outcome. Empty with servers that know work by its ids. */
  readonly completionToken: string;
}

/** `undefined` for an item of no kind, or of a kind that is newer than this worker; a health ping is no work. */
export function toWork(item: WorkItem): Work | undefined {
  const { request, completionToken } = item;
  switch (request.case) {
    case "orchestratorRequest": {
      const { instanceId } = request.value;
      return { kind: "orchestration", item, request: request.value, instanceId, completionToken };
    }
    case "activityRequest": {
      const instanceId = request.value.orchestrationInstance?.instanceId ?? "";
      return { kind: "activity", item, request: request.value, instanceId, completionToken };
    }
    case "entityRequest":
    case "entityRequestV2": {
      const { instanceId } = request.value;
      return { kind: "entity", item, request: request.value, instanceId, completionToken };
    }
    default:
      return undefined;
  }
}
