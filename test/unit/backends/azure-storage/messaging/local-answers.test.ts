import { expect, it } from "vitest";
import type { HeldMessage } from "../../../../../src/backends/azure-storage/messaging/held-message.ts";
import { LocalAnswers } from "../../../../../src/backends/azure-storage/messaging/local-answers.ts";
import type { MessageSender } from "../../../../../src/backends/azure-storage/messaging/message-sender.ts";
import type { OutgoingMessage } from "../../../../../src/core/task-message.ts";
import { taskCompleted } from "../../../../../src/testing/history-builder.ts";
import { SteppedClock } from "../../../../../src/testing/stepped-clock.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The answer of one activity, and what is asked for it. */
function setUp(sendFails = false) {
  const clock = new SteppedClock();
  const log: string[] = [];
  const request = {
    id: "request",
    deliveryCount: 1,
    abandonDelayMs: 2000,
    hideFor: async (ms: number) => {
      log.push(`hide ${ms}`);
      return false;
    },
    delete: async () => {
      log.push("delete request");
      return true;
    },
  } as unknown as HeldMessage;
  const send = async ({ deliverAt }: OutgoingMessage) => {
    if (sendFails) throw new Error("no storage");
    log.push(`send after ${deliverAt === undefined ? 0 : deliverAt.getTime() - clock.now()}`);
    return {} as never;
  };
  const sender = { send, nextSequenceNumber: () => 7 } as unknown as MessageSender;
  const answers = new LocalAnswers({ sender, clock, visibilityTimeoutMs: 24_000, renewIntervalMs: 8000 });
  const message = { event: taskCompleted(0, '"done"'), target: { instanceId: "i", executionId: "e" } };
  const origin = { sender: { instanceId: "i", executionId: "e" }, episode: 1 };
  const answer = answers.add(request, message, origin, () => log.push("done"));
  const advance = async (ms: number) => {
    for (const end = clock.now() + ms; clock.now() < end; ) {
      await turn();
      clock.advance(Math.max(1, Math.min(clock.nextWakeAt ?? end, end) - clock.now()));
    }
    await turn();
  };
  return { answers, answer, log, advance, clock };
}

it("its request goes once history has it", async () => {
  const { answer, log } = setUp();

  expect(await answer.delete()).toBe(true);

  expect(log).toEqual(["delete request", "done"]);
});

it("given back, it is sent before its request goes", async () => {
  const { answer, log } = setUp();

  await answer.giveBack(2000);

  expect(log).toEqual(["send after 2000", "delete request", "done"]);
});

it("put back, it is sent at once", async () => {
  const { answer, log } = setUp();
  await answer.putBack();
  expect(log).toEqual(["send after 0", "delete request", "done"]);
});

it("while it cannot be sent, its request stays and brings the activity again", async () => {
  const { answer, log } = setUp(true);

  await expect(answer.giveBack(0)).rejects.toThrow("no storage");

  expect(log).toEqual(["done"]);
});

it("its request is kept hidden as long as it waits, and holds whoever has that by now", async () => {
  const { answers, answer, log, advance, clock } = setUp();
  await advance(20_000);
  expect(log.filter((call) => call === "hide 24000").length).toBeGreaterThanOrEqual(3);
  expect(await answer.hideFor(24_000)).toBe(true);

  await answer.delete();
  log.length = 0;
  await advance(60_000);

  expect(log).toEqual([]);
  expect(clock.sleepers).toBe(0);
  answers.stop();
});
