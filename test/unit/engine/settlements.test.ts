import { expect, it } from "vitest";
import type { OrchestrationSession } from "../../../src/core/task-executor.ts";
import type { DeliveredMessage, OrchestrationWorkItem } from "../../../src/engine/backend.ts";
import { HistorySummary } from "../../../src/engine/history-summary.ts";
import type { KnownExecution } from "../../../src/engine/known-executions.ts";
import type { Reconciliation } from "../../../src/engine/reconcile-messages.ts";
import type { ExecutionsOutcome } from "../../../src/engine/run-executions.ts";
import { settleEpisode } from "../../../src/engine/settlements.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  executionStarted,
  taskCompleted,
  taskScheduled,
} from "../../../src/testing/history-builder.ts";

const started = executionStarted("Test", { instanceId: "i", executionId: "e" });
const target = started.orchestrationInstance;
const past = [episodeStarted(), started, taskScheduled(0, "Work"), episodeCompleted()];

function delivered(id: string, event: DeliveredMessage["message"]["event"]): DeliveredMessage {
  return { id, message: { event, target }, deliveryCount: 1 };
}

/** Settles an episode that accepts the messages, in an execution that has accepted others before. */
function settle(accepted: readonly DeliveredMessage[], more: Partial<Reconciliation> = {}, acceptedIds: string[] = []) {
  const events = [episodeStarted(1), ...accepted.map(({ message }) => message.event), episodeCompleted()];
  const session: OrchestrationSession = { execute: async () => ({ actions: [], customStatus: undefined }), close() {} };
  const execution: KnownExecution = {
    history: HistorySummary.of(past),
    executionId: "e",
    historyVersion: "v1",
    session,
    unseen: [],
    acceptedIds,
    isCached: true,
  };
  const outcome: ExecutionsOutcome = {
    started,
    session,
    events,
    unseen: [episodeCompleted()],
    isNewExecution: false,
    outgoing: [],
    customStatus: '"set"',
    keepsCustomStatus: false,
    continuations: 0,
    unawaitedCalls: [],
    awaitedEvents: [],
  };
  const none = { start: undefined, discarded: [], refused: [], deferred: [], idle: [], orphaned: [] };
  const messages: Reconciliation = { ...none, accepted, ...more };
  const { discarded, refused, deferred, idle } = messages;
  const all = [...accepted, ...discarded, ...refused, ...deferred, ...idle];
  const workItem: OrchestrationWorkItem = { instanceId: "i", messages: all, unfinishedRuns: 0, renewIntervalMs: 1000 };
  return settleEpisode(workItem, execution, outcome, messages, at(1)).checkpoint;
}

it("appends what has happened at the place and the version that are known", () => {
  const { history } = settle([delivered("a", eventRaised("go"))]);

  expect(history).toMatchObject({
    executionId: "e",
    expectedHistoryVersion: "v1",
    firstIndex: past.length,
    episode: 2,
  });
  expect(history?.events.map(({ type }) => type)).toEqual([
    "OrchestratorStarted",
    "EventRaised",
    "OrchestratorCompleted",
  ]);
});

it("keeps the ids of messages that only their ids tell for repeats, beside those that may still come again", () => {
  const accepted = [delivered("event", eventRaised("go")), delivered("answer", taskCompleted(0))];

  expect(settle(accepted, {}, ["earlier"]).history?.acceptedMessageIds).toEqual(["earlier", "event"]);
});

it("keeps the newest ids when there are too many", () => {
  const many = Array.from({ length: 600 }, (_, id) => `m${id}`);

  const kept = settle([delivered("last", eventRaised("go"))], {}, many).history?.acceptedMessageIds;

  expect(kept).toHaveLength(500);
  expect([kept?.at(0), kept?.at(-1)]).toEqual(["m101", "last"]);
});

it("settles all messages but those that came too early", () => {
  const [taken, gone, refused, early] = ["taken", "gone", "refused", "early"].map((id) =>
    delivered(id, eventRaised(id)),
  );

  const made = settle([taken!], { discarded: [gone!], refused: [refused!], deferred: [early!] });

  expect(made.settled.map(({ id }) => id).toSorted()).toEqual(["gone", "refused", "taken"]);
  expect(made.deferred.map(({ id }) => id)).toEqual(["early"]);
});
