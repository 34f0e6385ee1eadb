import { expect, it } from "vitest";
import { hubNames } from "../../../../../src/backends/azure-storage/hub-names.ts";
import type { HeldMessage } from "../../../../../src/backends/azure-storage/messaging/held-message.ts";
import { LocalDispatch } from "../../../../../src/backends/azure-storage/messaging/local-dispatch.ts";
import { eventRaised } from "../../../../../src/testing/history-builder.ts";

const names = hubNames("Hub", 1);
const queue = names.controlQueues[0]!;
const message = { event: eventRaised("go"), target: { instanceId: "i", executionId: undefined } };

/** A receiver with so many places, and what becomes of what it is given. */
function setUp(places: number, takes = true) {
  let free = places;
  const log: string[] = [];
  const receiver = {
    reserve: () => free > 0 && free-- > 0,
    release: () => void free++,
    accept: () => {
      free++;
      log.push(takes ? "taken" : "refused");
      return takes;
    },
  };
  const held = { putBack: async () => void log.push("put back") } as unknown as HeldMessage;
  const receiverOf = (asked: string) => (asked === queue ? receiver : undefined);
  const dispatch = new LocalDispatch({ names, maxHeldMs: 8000, receiverOf });
  return { dispatch, held, log, free: () => free };
}

it("hands over what has a place, and frees the place", () => {
  const { dispatch, held, log, free } = setUp(1);

  const place = dispatch.reserve(queue, message)!;
  expect(free()).toBe(0);
  expect(dispatch.reserve(queue, message)).toBeUndefined();
  place.handOver(held, 100);

  expect(log).toEqual(["taken"]);
  expect(free()).toBe(1);
});

it("puts back what nobody takes any more, and what was kept for too long", () => {
  const left = setUp(1, false);
  left.dispatch.reserve(queue, message)!.handOver(left.held, 100);
  expect(left.log).toEqual(["refused", "put back"]);

  const late = setUp(1);
  late.dispatch.reserve(queue, message)!.handOver(late.held, 8001);
  expect(late.log).toEqual(["put back"]);
  expect([left.free(), late.free()]).toEqual([1, 1]);
});

it("keeps no place for a queue that is not received from, nor for what a receiver would put aside", () => {
  const { dispatch, free } = setUp(1);
  const misfit = { ...message, target: { instanceId: "x".repeat(600), executionId: undefined } };

  expect(dispatch.reserve(names.workItemQueue, message)).toBeUndefined();
  expect(dispatch.reserve(queue, misfit)).toBeUndefined();

  expect(free()).toBe(1);
});
