import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import type { LogSink } from "../../../../src/core/ports.ts";
import { systemRandom } from "../../../../src/core/system-ports.ts";
import {
  GetWorkItemsRequestSchema,
  type WorkItem,
  WorkItemSchema,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { RemoteWorker } from "../../../../src/grpc/sidecar/remote-worker.ts";
import { WorkDispatcher, type WorkDispatcherOptions } from "../../../../src/grpc/sidecar/work-dispatcher.ts";
import type { WorkerIdentity } from "../../../../src/grpc/sidecar/worker-identity.ts";
import { SteppedClock } from "../../../../src/testing/stepped-clock.ts";

/** A worker whose stream is a list. */
export interface FakeWorker {
  readonly remote: RemoteWorker;
  /** All that was sent to it, pings included. */
  readonly sent: WorkItem[];
  /** What the stream says to a write; `false` when it has enough. */
  takesMore: boolean;
}

export function fakeWorker(
  request: MessageInitShape<typeof GetWorkItemsRequestSchema> = {},
  identity: Partial<WorkerIdentity> = {},
): FakeWorker {
  const sent: WorkItem[] = [];
  const fake: FakeWorker = {
    sent,
    takesMore: true,
    remote: new RemoteWorker({
      identity: { description: "fake", entityEncoding: "messages", supportsPatches: false, ...identity },
      request: create(GetWorkItemsRequestSchema, request),
      send(bytes) {
        sent.push(fromBinary(WorkItemSchema, bytes));
        return fake.takesMore;
      },
    }),
  };
  return fake;
}

export interface DispatcherUnderTest {
  readonly clock: SteppedClock;
  readonly dispatcher: WorkDispatcher;
  readonly logged: string[];
}

export function openDispatcher(options: Partial<WorkDispatcherOptions> = {}): DispatcherUnderTest {
  const clock = new SteppedClock();
  const logged: string[] = [];
  const log: LogSink = { log: (_level, event) => void logged.push(event) };
  const dispatcher = new WorkDispatcher({ clock, random: systemRandom, log, ...options });
  return { clock, dispatcher, logged };
}

/** Lets everything that is ready go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}
