import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import type { PayloadStore } from "../../../../src/core/payloads/payload-store.ts";
import type { TaskHubChannel } from "../../../../src/grpc/channel/task-hub-channel.ts";
import { PayloadChannel } from "../../../../src/grpc/payloads/payload-channel.ts";
import { offloadPayloads, resolvePayloads } from "../../../../src/grpc/payloads/payload-transfer.ts";
import {
  GetInstanceResponseSchema,
  OrchestratorResponseSchema,
} from "../../../../src/grpc/proto/orchestrator_service_pb.ts";

/** A store in memory that takes from 10 to 100 bytes, and how many calls it had at once. */
function openStore(limits: Partial<PayloadStore> = { thresholdBytes: 10, maxBytes: 100 }) {
  const kept: { readonly text: string; readonly instanceId: string | undefined }[] = [];
  const busy = { now: 0, most: 0 };
  const turn = async () => {
    busy.most = Math.max(busy.most, ++busy.now);
    await Promise.resolve();
    busy.now--;
  };
  const store: PayloadStore = {
    ...limits,
    async upload(text, instanceId) {
      await turn();
      return `token:${kept.push({ text, instanceId }) - 1}`;
    },
    async download(token) {
      await turn();
      const found = kept[Number(token.slice("token:".length))];
      if (found === undefined) throw new Error("no such payload");
      return found.text;
    },
    isToken: (text) => text.startsWith("token:"),
  };
  return { store, kept, busy };
}

const result = (...results: string[]) => ({
  actions: results.map((each) => ({
    orchestratorActionType: { case: "completeOrchestration" as const, value: { result: each } },
  })),
});
const resultsOf = (response: {
  readonly actions: readonly { readonly orchestratorActionType: { value?: unknown } }[];
}) => response.actions.map((each) => (each.orchestratorActionType.value as { readonly result: string }).result);

it("what is as large as the threshold leaves the message, measured in bytes", async () => {
  const { store, kept } = openStore();

  const sent = await offloadPayloads(
    OrchestratorResponseSchema,
    result("123456789", "1234567890", "äöüäö", "äöüä1"),
    store,
    "a",
  );

  expect(resultsOf(sent)).toEqual(["123456789", "token:0", "token:1", "äöüä1"]);
  expect(kept).toEqual([
    { text: "1234567890", instanceId: "a" },
    { text: "äöüäö", instanceId: "a" },
  ]);
});

it("a store without limits takes from 256 KiB to 10 MiB", async () => {
  const { store, kept } = openStore({});
  const most = 10 * 1024 * 1024;

  await offloadPayloads(OrchestratorResponseSchema, result("x".repeat(262_143)), store);
  expect(kept).toHaveLength(0);
  await offloadPayloads(OrchestratorResponseSchema, result("x".repeat(262_144), "x".repeat(most)), store);
  expect(kept).toHaveLength(2);
  const tooLarge = offloadPayloads(OrchestratorResponseSchema, result("x".repeat(most + 1)), store);
  await expect(tooLarge).rejects.toMatchObject({
    code: "InvalidPayload",
    message: expect.stringContaining("10485761"),
  });
});

it("nothing is stored when one of the payloads is too large", async () => {
  const { store, kept } = openStore();

  const sent = offloadPayloads(OrchestratorResponseSchema, result("1234567890", "x".repeat(101)), store);

  await expect(sent).rejects.toMatchObject({ code: "InvalidPayload" });
  expect(kept).toEqual([]);
});

it("payloads come back, a few at a time", async () => {
  const { store, busy } = openStore();
  const texts = Array.from({ length: 100 }, (_, n) => `a payload ${n}`);

  const sent = await offloadPayloads(OrchestratorResponseSchema, result(...texts), store);
  expect(resultsOf(sent).every((text) => text.startsWith("token:"))).toBe(true);
  const received = await resolvePayloads(OrchestratorResponseSchema, sent, store);

  expect(resultsOf(received)).toEqual(texts);
  expect(busy.most).toBeLessThanOrEqual(16);
});

it("a token that leads nowhere fails the message, and changes nothing in it", async () => {
  const { store } = openStore();
  const sent = await offloadPayloads(OrchestratorResponseSchema, result("1234567890", "token:7"), store);

  await expect(resolvePayloads(OrchestratorResponseSchema, sent, store)).rejects.toThrow("no such payload");
  expect(resultsOf(sent)).toEqual(["token:0", "token:7"]);
});

it("a channel puts payloads away and gets them back, but leaves work items to their reader", async () => {
  const { store, kept } = openStore();
  const requests: unknown[] = [];
  const channel: TaskHubChannel = {
    target: "t",
    taskHub: "hub",
    close() {
      requests.push("close");
    },
    async unary(_name, request) {
      requests.push(request);
      const state = { orchestrationState: { output: "token:0" } };
      return create(GetInstanceResponseSchema, state) as never;
    },
    async *stream() {
      yield { events: [], completionToken: "token:0" } as never;
    },
  };
  const payloads = new PayloadChannel(channel, store);

  const answer = await payloads.unary("startInstance", { instanceId: "a", name: "n", input: "1234567890" });
  const state = await payloads.unary("getInstance", { instanceId: "a" });
  for await (const item of payloads.stream("getWorkItems", {})) expect(item.completionToken).toBe("token:0");
  payloads.close();

  expect(payloads).toMatchObject({ target: "t", taskHub: "hub" });
  expect(requests).toMatchObject([{ input: "token:0" }, { instanceId: "a" }, "close"]);
  expect(kept).toEqual([{ text: "1234567890", instanceId: "a" }]);
  expect(answer).toBeDefined();
  expect(state.orchestrationState?.output).toBe("1234567890");
});
