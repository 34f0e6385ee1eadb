import type { MessageInitShape } from "@bufbuild/protobuf";
import type { OrchestrationInstance, ParentInstance } from "../../core/history-event.ts";
import type {
  ParentInstanceInfo,
  ParentInstanceInfoSchema,
  OrchestrationInstance as WireInstance,
} from "../proto/orchestrator_service_pb.ts";

export function toWireParent(parent: ParentInstance): MessageInitShape<typeof ParentInstanceInfoSchema> {
  const { name, version, taskScheduleId, orchestrationInstance } = parent;
  return { name, version, taskScheduledId: taskScheduleId, orchestrationInstance };
}

export function fromWireParent(wire: ParentInstanceInfo): ParentInstance {
  return {
    name: wire.name ?? "",
    version: wire.version,
    orchestrationInstance: fromWireInstance(wire.orchestrationInstance),
    taskScheduleId: wire.taskScheduledId,
  };
}

function fromWireInstance(wire: WireInstance | undefined): OrchestrationInstance {
  return { instanceId: wire?.instanceId ?? "", executionId: wire?.executionId };
}
