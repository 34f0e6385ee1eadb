import { type ChildProcess, spawn } from "node:child_process";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, it } from "vitest";
import { OrchestrationStatus, type WorkItem } from "../../src/grpc/proto/orchestrator_service_pb.ts";
import { endWithParent } from "../support/end-with-parent.ts";
import { type RunningSidecar, startSidecar } from "../support/sidecar.ts";
import { type PeerStream, SidecarPeer } from "../support/sidecar-peer.ts";

let sidecar: RunningSidecar;
let peer: SidecarPeer;
const children: ChildProcess[] = [];

beforeEach(async () => {
  sidecar = await startSidecar({ answerTimeoutMs: 1_000, noWorkerGraceMs: 2_000, stopGraceMs: 200 });
  peer = new SidecarPeer(sidecar.address);
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  peer.close();
  await sidecar.server.stop();
});

function spawnWorker(mode: string): { readonly child: ChildProcess; readonly output: () => string } {
  const child = spawn(
    process.execPath,
    [...endWithParent, "test/support/sidecar-js-worker.mjs", sidecar.address, mode],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  children.push(child);
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { child, output: () => text };
}

/** The item at that place, once it has come. */
async function itemOf(stream: PeerStream, index: number): Promise<WorkItem> {
  await expect.poll(() => stream.items.length).toBeGreaterThan(index);
  return stream.items[index]!;
}

const scheduleTask = { id: 1, orchestratorActionType: { case: "scheduleTask" as const, value: { name: "work" } } };
const complete = {
  id: 2,
  orchestratorActionType: {
    case: "completeOrchestration" as const,
    value: { orchestrationStatus: OrchestrationStatus.COMPLETED, result: '"done"' },
  },
};

it("what a killed worker was doing is done by another, once", async () => {
  const hanging = spawnWorker("hang");
  await expect.poll(hanging.output).toContain("ready");
  const id = await sidecar.client.startInstance({ name: "one", input: "7" });
  await expect.poll(hanging.output).toContain("running 7");
  hanging.child.kill("SIGKILL");
  const second = spawnWorker("second");
  const ended = await sidecar.client.waitForInstance(id, "ended", { timeoutMs: 60_000 });

  expect(ended).toMatchObject({ runtimeStatus: "Completed", output: '"second 7"' });
  expect(second.output().match(/running/g)).toHaveLength(1);
});

it("an answer that comes twice is applied once", async () => {
  const stream = peer.work();
  const instanceId = await sidecar.client.startInstance({ name: "one" });
  const first = await itemOf(stream, 0);
  const answer = { instanceId, completionToken: first.completionToken, actions: [scheduleTask] };
  const codes = await Promise.all(
    Array.from({ length: 5 }, () => peer.codeOf(peer.call("completeOrchestratorTask", answer))),
  );
  expect(codes.sort()).toEqual([0, ...Array<number>(4).fill(status.NOT_FOUND)]);

  const second = await itemOf(stream, 1);
  const done = { instanceId, taskId: 1, completionToken: second.completionToken, result: '"a"' };
  const activityCodes = await Promise.all(
    Array.from({ length: 5 }, () => peer.codeOf(peer.call("completeActivityTask", done))),
  );
  expect(activityCodes.sort()).toEqual([0, ...Array<number>(4).fill(status.NOT_FOUND)]);

  const third = await itemOf(stream, 2);
  await peer.call("completeOrchestratorTask", {
    instanceId,
    completionToken: third.completionToken,
    actions: [complete],
  });
  expect(await sidecar.client.waitForInstance(instanceId, "ended")).toMatchObject({ output: '"done"' });
  const history = await sidecar.client.getHistory(instanceId);
  expect(history!.filter(({ type }) => type === "TaskCompleted")).toHaveLength(1);
  expect(history!.filter(({ type }) => type === "TaskScheduled")).toHaveLength(1);
});

it("a worker that never answers loses its work to another, and its late answer is refused", async () => {
  const silent = peer.work();
  const instanceId = await sidecar.client.startInstance({ name: "one" });
  const first = await itemOf(silent, 0);
  const other = new SidecarPeer(sidecar.address);
  try {
    const lively = other.work();
    const again = await itemOf(lively, 0);
    expect(again.completionToken).not.toBe(first.completionToken);
    const answer = { instanceId, actions: [{ ...complete, id: 1 }] };
    const late = peer.call("completeOrchestratorTask", { ...answer, completionToken: first.completionToken });
    expect(await peer.codeOf(late)).toBe(status.NOT_FOUND);
    await other.call("completeOrchestratorTask", { ...answer, completionToken: again.completionToken });

    expect(await sidecar.client.waitForInstance(instanceId, "ended")).toMatchObject({ runtimeStatus: "Completed" });
  } finally {
    other.close();
  }
});

it("a worker that keeps no tokens is understood", async () => {
  const stream = peer.work();
  const instanceId = await sidecar.client.startInstance({ name: "one" });
  await itemOf(stream, 0);
  await peer.call("completeOrchestratorTask", { instanceId, actions: [scheduleTask] });
  await itemOf(stream, 1);
  await peer.call("completeActivityTask", { instanceId, taskId: 1, result: '"a"' });
  await itemOf(stream, 2);
  await peer.call("completeOrchestratorTask", { instanceId, actions: [complete] });

  expect(await sidecar.client.waitForInstance(instanceId, "ended")).toMatchObject({ output: '"done"' });
});

it("a stream that breaks off gives its work back, also to the same worker", async () => {
  const broken = peer.work();
  const instanceId = await sidecar.client.startInstance({ name: "one" });
  const first = await itemOf(broken, 0);
  broken.cancel();
  const again = await itemOf(peer.work(), 0);

  expect(again.request.value).toEqual(first.request.value);
  const answer = { instanceId, completionToken: again.completionToken, actions: [{ ...complete, id: 1 }] };
  await peer.call("completeOrchestratorTask", answer);
  expect(await sidecar.client.waitForInstance(instanceId, "ended")).toMatchObject({ runtimeStatus: "Completed" });
});

it("work without a worker stays in the hub, and is done once there is one", async () => {
  const instanceId = await sidecar.client.startInstance({ name: "one" });
  const broken = peer.work();
  await itemOf(broken, 0);
  broken.cancel();
  // Longer than what was fetched waits for a worker.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const stream = peer.work();
  const item = await itemOf(stream, 0);
  const answer = { instanceId, completionToken: item.completionToken, actions: [{ ...complete, id: 1 }] };
  await peer.call("completeOrchestratorTask", answer);

  expect(await sidecar.client.waitForInstance(instanceId, "ended")).toMatchObject({ runtimeStatus: "Completed" });
});

it("an answer that makes no sense is refused for that call, and the work comes again", async () => {
  const stream = peer.work();
  const instanceId = await sidecar.client.startInstance({ name: "one" });
  const first = await itemOf(stream, 0);
  const nonsense = peer.call("completeOrchestratorTask", {
    instanceId,
    completionToken: first.completionToken,
    actions: [{ id: 1 }],
  });
  expect(await peer.codeOf(nonsense)).not.toBe(0);
  const again = await itemOf(stream, 1);
  const answer = { instanceId, completionToken: again.completionToken, actions: [{ ...complete, id: 1 }] };
  await peer.call("completeOrchestratorTask", answer);

  expect(await sidecar.client.waitForInstance(instanceId, "ended")).toMatchObject({ runtimeStatus: "Completed" });
});
