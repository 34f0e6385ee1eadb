import type { MessageInitShape } from "@bufbuild/protobuf";
import type { TraceContext } from "../../core/history-event.ts";
import type { TraceContextSchema, TraceContext as WireTraceContext } from "../proto/orchestrator_service_pb.ts";

export type TraceContextInit = MessageInitShape<typeof TraceContextSchema>;

/**
 * `spanID` says what `traceParent` says too, and is still written for readers of old. `id` and `activityStartTime` have
 * no place on the wire: they belong to the execution's own span, which travels in `orchestrationTraceContext`.
 */
export function toWireTrace(context: TraceContext | undefined): TraceContextInit | undefined {
  if (context === undefined) return undefined;
  const { traceParent, traceState, spanId } = context;
  return { traceParent, spanID: spanId ?? spanIdOf(traceParent) ?? "", traceState };
}

export function fromWireTrace(wire: WireTraceContext | undefined): TraceContext | undefined {
  // Some clients send an empty message for no context.
  if (wire === undefined || wire.traceParent === "") return undefined;
  return {
    traceParent: wire.traceParent,
    traceState: wire.traceState,
    id: undefined,
    spanId: wire.spanID === "" ? undefined : wire.spanID,
    activityStartTime: undefined,
  };
}

/** The span in a W3C `traceparent`; `undefined` for a text of another form. */
export function spanIdOf(traceParent: string): string | undefined {
  return /^[0-9a-f]{2}-[0-9a-f]{32}-([0-9a-f]{16})-/.exec(traceParent)?.[1];
}

/** The `traceparent` of another span of the same trace. */
export function withSpanId(traceParent: string, spanId: string): string {
  return traceParent.replace(/^([^-]*-[^-]*)-[^-]*/, `$1-${spanId}`);
}
