import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import { createRequest, formatRelease, formatRequest } from "../../../src/entities/entity-message.ts";
import { OpenLocks, releaseMessages } from "../../../src/entities/open-locks.ts";
import { at, eventSent } from "../../../src/testing/history-builder.ts";

const lockSet = [
  { name: "a", key: "1" },
  { name: "a", key: "2@x" },
];
const sent = (instanceId: string, name: string, input: string | undefined): HistoryEvent =>
  ({ ...eventSent(0, instanceId, name), input }) as HistoryEvent;
const asked = (id = "L") => sent("@a@1", "op", formatRequest(createRequest({ id, lockSet, parentInstanceId: "p" })));
const released = (instanceId: string, id = "L") =>
  sent(instanceId, "release", formatRelease({ parentInstanceId: "p", id }));

function locksAfter(...events: readonly HistoryEvent[]) {
  const locks = new OpenLocks();
  for (const event of events) locks.add(event);
  return locks.locks;
}

it("locks are open from the request on, whether they are granted or not, until each is given back", () => {
  expect(locksAfter(asked())).toEqual([
    { id: "L", target: "@a@1" },
    { id: "L", target: "@a@2@x" },
  ]);
  expect(locksAfter(asked(), released("@a@1"))).toEqual([{ id: "L", target: "@a@2@x" }]);
  expect(locksAfter(asked(), released("@a@1"), released("@a@2@x"), released("@a@2@x"))).toEqual([]);
});

it("locks of one request are not those of another", () => {
  expect(locksAfter(asked("L"), released("@a@1", "M"), released("@a@1"), released("@a@2@x"), asked("N"))).toEqual([
    { id: "N", target: "@a@1" },
    { id: "N", target: "@a@2@x" },
  ]);
});

it("the fold goes on from what it has found", () => {
  const locks = new OpenLocks(locksAfter(asked()));
  locks.add(released("@a@2@x"));
  expect(locks.locks).toEqual([{ id: "L", target: "@a@1" }]);
});

it("what is no request of a lock opens none", () => {
  const operation = formatRequest(createRequest({ id: "x", operation: "a", input: '"lockset"' }));
  expect(
    locksAfter(
      sent("@a@1", "op", operation),
      sent("@a@1", "op", '{"lockset"'),
      sent("@a@1", "op", undefined),
      sent("@a@1", "release", "5"),
      sent("a", "op", formatRequest(createRequest({ id: "L", lockSet }))),
      sent("@a@1", "op", '{"id":"L","lockset":[{"name":"","key":5}]}'),
    ),
  ).toEqual([]);
});

it("an entity whose name or key we would refuse can be given back all the same", () => {
  const odd = [{ name: "A@b", key: "k".repeat(300) }];
  const ask = sent("@x@y", "op", formatRequest(createRequest({ id: "L", lockSet: odd })));
  expect(locksAfter(ask)).toEqual([{ id: "L", target: `@A@b@${"k".repeat(300)}` }]);
});

it("each lock is given back by a message of its own", () => {
  expect(releaseMessages("p", locksAfter(asked()), at(1))).toEqual(
    ["@a@1", "@a@2@x"].map((instanceId) => ({
      message: {
        target: { instanceId, executionId: undefined },
        event: expect.objectContaining({
          type: "EventRaised",
          name: "release",
          input: '{"parent":"p","id":"L"}',
          timestamp: at(1),
        }),
      },
    })),
  );
});
