import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import type { HistoryEvent } from "../../../../src/core/history-event.ts";
import type { OrchestratorAction } from "../../../../src/core/orchestrator-action.ts";
import { writeActions } from "../../../../src/grpc/codec/action-writer.ts";
import { HistoryReader } from "../../../../src/grpc/codec/history-reader.ts";
import { type EntityEncoding, HistoryWriter } from "../../../../src/grpc/codec/history-writer.ts";
import type { HistoryEventInit, WireAction, WireHistoryEvent } from "../../../../src/grpc/codec/wire-types.ts";
import { HistoryEventSchema, OrchestratorActionSchema } from "../../../../src/grpc/proto/orchestrator_service_pb.ts";

/** What arrives of a message. */
export function overTheWire<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): MessageShape<Desc> {
  return fromBinary(schema, toBinary(schema, create(schema, init)));
}

export function eventOverTheWire(eventType: HistoryEventInit["eventType"] & object, eventId = -1): WireHistoryEvent {
  return overTheWire(HistoryEventSchema, { eventId, timestamp: { seconds: 1_767_225_600n, nanos: 0 }, eventType });
}

export function writeHistory(events: readonly HistoryEvent[], encoding: EntityEncoding): WireHistoryEvent[] {
  const writer = new HistoryWriter(encoding);
  return events.map((event) => overTheWire(HistoryEventSchema, writer.write(event)));
}

export function readHistory(events: readonly WireHistoryEvent[]): HistoryEvent[] {
  const reader = new HistoryReader();
  return events.map((event) => reader.read(event));
}

export function actionsOverTheWire(actions: readonly OrchestratorAction[]): WireAction[] {
  return writeActions(actions, { supportsPatches: true }).map((init) => overTheWire(OrchestratorActionSchema, init));
}
