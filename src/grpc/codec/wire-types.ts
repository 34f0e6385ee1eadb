import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  EntityBatchRequest,
  EntityBatchResult,
  EntityBatchResultSchema,
  EntityRequest,
  EntityRequestSchema,
  HistoryEvent,
  HistoryEventSchema,
  OrchestrationState,
  OrchestrationStateSchema,
  OrchestratorAction,
  OrchestratorActionSchema,
} from "../proto/orchestrator_service_pb.ts";

/** Messages of the wire whose names the core has too. `...Init` is what is written: a message, or its fields. */
export type WireHistoryEvent = HistoryEvent;
export type HistoryEventInit = MessageInitShape<typeof HistoryEventSchema>;

export type WireAction = OrchestratorAction;
export type OrchestratorActionInit = MessageInitShape<typeof OrchestratorActionSchema>;

export type WireState = OrchestrationState;
export type OrchestrationStateInit = MessageInitShape<typeof OrchestrationStateSchema>;

export type WireEntityRequest = EntityRequest;
export type EntityRequestInit = MessageInitShape<typeof EntityRequestSchema>;
/** The first version, which does not tell who asks. */
export type WireEntityBatchRequest = EntityBatchRequest;

export type WireEntityResult = EntityBatchResult;
export type EntityResultInit = MessageInitShape<typeof EntityBatchResultSchema>;
