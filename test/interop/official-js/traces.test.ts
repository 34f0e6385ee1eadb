import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { HistoryEvent, WorkItem } from "../../../src/grpc/proto/orchestrator_service_pb.ts";
import { RestartableSidecar } from "../../support/restartable-sidecar.ts";
import { RawClient } from "./raw-client.ts";

// What the package does for traces depends on a tracing library that is not here; this is what it sends and wants.
const sidecar = new RestartableSidecar({ kind: "memory" });
let client: RawClient;
let worker: RawClient;
let stream: ReturnType<RawClient["stream"]>;

beforeAll(() => sidecar.start());
afterAll(() => sidecar.stop());
beforeEach(() => {
  client = new RawClient(sidecar.address);
  worker = new RawClient(sidecar.address);
  stream = worker.stream("getWorkItems", {});
  stream.on("error", () => {});
});
afterEach(() => {
  stream.cancel();
  worker.close();
  client.close();
});

async function nextOf<Kind extends "orchestratorRequest" | "activityRequest">(kind: Kind) {
  for (;;) {
    const [workItem] = (await once(stream, "data")) as [WorkItem];
    if (workItem.request.case !== kind) continue;
    const request = workItem.request.value as Extract<WorkItem["request"], { case: Kind }>["value"];
    return { request, completionToken: workItem.completionToken };
  }
}

const traceOf = (parent: string) => ({
  traceParent: `00-4bf92f3577b34da6a3ce929d0e0e4736-${parent}-01`,
  spanID: parent,
  traceState: "vendor=1",
});
const startedOf = (events: readonly HistoryEvent[]) => {
  const started = events.map(({ eventType }) => eventType).find((type) => type.case === "executionStarted");
  return started?.case === "executionStarted" ? started.value : undefined;
};

it("the trace of an orchestration comes back to its worker, and that of an action goes to who does it", async () => {
  const instanceId = "traced";
  const ofClient = traceOf("00000000000000a1");
  await client.call("startInstance", { instanceId, name: "Parent", parentTraceContext: ofClient });
  const first = await nextOf("orchestratorRequest");
  expect(startedOf(first.request.newEvents)?.parentTraceContext).toMatchObject(ofClient);

  const ofActivity = traceOf("00000000000000a2");
  const ofChild = traceOf("00000000000000a3");
  const orchestrationTraceContext = {
    spanID: "00000000000000b1",
    spanStartTime: { seconds: 1_700_000_000n, nanos: 5_000_000 },
  };
  const activity = nextOf("activityRequest");
  const child = nextOf("orchestratorRequest");
  await worker.call("completeOrchestratorTask", {
    instanceId,
    completionToken: first.completionToken,
    orchestrationTraceContext,
    actions: [
      {
        id: 1,
        orchestratorActionType: { case: "scheduleTask", value: { name: "Work", parentTraceContext: ofActivity } },
      },
      {
        id: 2,
        orchestratorActionType: {
          case: "createSubOrchestration",
          value: { instanceId: "traced-child", name: "Child", parentTraceContext: ofChild },
        },
      },
    ],
  });
  expect((await activity).request.parentTraceContext).toMatchObject(ofActivity);
  const ofChildStart = startedOf((await child).request.newEvents);
  expect(ofChildStart?.parentTraceContext).toMatchObject(ofChild);

  const next = nextOf("orchestratorRequest");
  await worker.call("completeActivityTask", {
    instanceId,
    taskId: 1,
    result: "1",
    completionToken: (await activity).completionToken,
  });
  const { request } = await next;
  expect(request.orchestrationTraceContext).toMatchObject(orchestrationTraceContext);
  const scheduled = request.pastEvents.map(({ eventType }) => eventType).find((type) => type.case === "taskScheduled");
  expect(scheduled?.value).toMatchObject({ parentTraceContext: ofActivity });
});
