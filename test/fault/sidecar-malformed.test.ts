import { connect } from "node:net";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, it } from "vitest";
import {
  ActivityResponseSchema,
  EntityBatchResultSchema,
  OrchestrationStatus,
  OrchestratorResponseSchema,
  TaskHubSidecarService,
} from "../../src/grpc/proto/orchestrator_service_pb.ts";
import type { UnaryMethodName } from "../../src/grpc/service/service-definition.ts";
import { damaged, randomBytes, randomMessage } from "../support/random-messages.ts";
import { forSeeds, SeededRandom } from "../support/seeded-random.ts";
import { type RunningSidecar, startSidecar } from "../support/sidecar.ts";
import { SidecarPeer } from "../support/sidecar-peer.ts";

let sidecar: RunningSidecar;
let peer: SidecarPeer;
const faults: string[] = [];

beforeEach(async () => {
  const log = (level: string, event: string, message: string) => {
    if (event === "SidecarCallFailed") faults.push(`${level} ${message}`);
  };
  sidecar = await startSidecar({ log: { log }, stopGraceMs: 200 });
  peer = new SidecarPeer(sidecar.address);
});

afterEach(async () => {
  peer.close();
  await sidecar.server.stop();
});

/** A client and a worker of good will find everything as ever. */
async function expectUsable(): Promise<void> {
  const { instanceId } = await peer.call("startInstance", { name: "good" });
  const stream = peer.work({ workItemFilters: { orchestrations: [{ name: "good" }] } });
  await expect.poll(() => stream.items.some(({ request }) => isOf(request.value, instanceId))).toBe(true);
  const item = stream.items.find(({ request }) => isOf(request.value, instanceId))!;
  const completeOrchestration = { orchestrationStatus: OrchestrationStatus.COMPLETED, result: '"fine"' };
  await peer.call("completeOrchestratorTask", {
    instanceId,
    completionToken: item.completionToken,
    actions: [{ id: 1, orchestratorActionType: { case: "completeOrchestration", value: completeOrchestration } }],
  });
  const ended = await peer.call("waitForInstanceCompletion", { instanceId, getInputsAndOutputs: true });
  expect(ended.orchestrationState?.output).toBe('"fine"');
  stream.cancel();
}

const isOf = (request: unknown, instanceId: string) => (request as { instanceId?: string }).instanceId === instanceId;

const methods = Object.entries(TaskHubSidecarService.method).filter(([, { methodKind }]) => methodKind === "unary");

it("1,000 requests without sense each get a status, and the service goes on", async () => {
  await forSeeds(1, async (seed) => {
    const random = new SeededRandom(seed);
    const codes = new Map<number, number>();
    for (let round = 0; round < 100; round++) {
      const calls = Array.from({ length: 10 }, () => {
        const [name, { input }] = random.pick(methods);
        const kind = random.below(3);
        const bytes = kind === 0 ? randomBytes(random) : randomMessage(input, random);
        const request = Buffer.from(kind === 1 ? damaged(bytes, random) : bytes);
        return peer.codeOf(peer.callWith(name as UnaryMethodName, request, 2_000));
      });
      for (const code of await Promise.all(calls)) codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(codes.get(0)).toBeGreaterThan(0);
    expect(codes.get(status.UNAVAILABLE)).toBeUndefined();
    expect(faults).toEqual([]);
    await expectUsable();
  });
}, 120_000);

it("answers without sense to work that was really sent each get a status, and the service goes on", async () => {
  await forSeeds(1, async (seed) => {
    const random = new SeededRandom(seed);
    const workers = [peer.work(), peer.work()];
    for (let n = 0; n < 200; n++) await sidecar.client.startInstance({ name: "bad" });
    const answered = new Set<string>();
    const schemas = {
      orchestratorRequest: OrchestratorResponseSchema,
      activityRequest: ActivityResponseSchema,
      entityRequestV2: EntityBatchResultSchema,
    } as const;
    const answers = {
      orchestratorRequest: "completeOrchestratorTask",
      activityRequest: "completeActivityTask",
      entityRequestV2: "completeEntityTask",
    } as const satisfies Record<string, UnaryMethodName>;
    const codes = new Map<number, number>();
    for (let round = 0; round < 20; round++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const items = workers.flatMap((worker) => worker.items.filter((item) => !answered.has(item.completionToken)));
      for (const { request, completionToken } of items) {
        answered.add(completionToken);
        const kind = request.case as keyof typeof schemas;
        const schema = schemas[kind];
        const message = fromBinary(schema, randomMessage(schema, random));
        const answer = toBinary(schema, { ...message, completionToken });
        const code = await peer.codeOf(peer.callWith(answers[kind], Buffer.from(answer), 5_000));
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    }
    for (const worker of workers) worker.cancel();
    expect(codes.get(0)).toBeGreaterThan(0);
    expect(answered.size).toBeGreaterThan(200);
    expect([...codes.keys()].filter((code) => code !== 0)).toEqual([status.INVALID_ARGUMENT]);
    expect(faults).toEqual([]);
    await expectUsable();
  });
}, 120_000);

it("bytes that are no gRPC at all hurt nobody", async () => {
  await forSeeds(20, async (seed) => {
    const random = new SeededRandom(seed);
    const [host, port] = sidecar.address.split(":");
    const socket = connect(Number(port), host);
    socket.on("error", () => {});
    if (random.chance(0.5)) socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    for (let n = random.below(5); n >= 0; n--) socket.write(randomBytes(random));
    await new Promise<void>((resolve) => socket.end(() => resolve()));
    socket.destroy();
  });
  await expectUsable();
});
