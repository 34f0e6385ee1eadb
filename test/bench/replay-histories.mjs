/**
 * The same history three times: as rows of the history table, as the JSON payload of the classic Functions protocol, and as messages of
 * durabletask-js. An orchestration of n / 4 activities, one after the other or all at once, of which the last one has
 * just completed.
 */
import pb from "@microsoft/durabletask-js/dist/utils/pb-helper.util.js";
import { toHistoryRow } from "../../dist/backends/azure-storage/codec/history-row.js";
import {
  episodeCompleted,
  episodeStarted,
  executionStarted,
  taskCompleted,
  taskScheduled,
} from "../../dist/testing/history-builder.js";

export const instanceId = "instance";
export const orchestration = "bench";
export const activity = "sayHello";
const result = "Hello Tokyo!";

/** Every event as a call of a builder, so that one description serves all formats. */
function describeHistory(workload, eventCount) {
  const tasks = Math.floor(eventCount / 4);
  const events = [["episodeStarted"], ["executionStarted", tasks]];
  if (workload === "sequence") {
    for (let id = 0; id < tasks; id++) {
      events.push(["taskScheduled", id], ["episodeCompleted"], ["episodeStarted"], ["taskCompleted", id]);
    }
  } else {
    for (let id = 0; id < tasks; id++) events.push(["taskScheduled", id]);
    for (let id = 0; id < tasks; id++) events.push(["episodeCompleted"], ["episodeStarted"], ["taskCompleted", id]);
  }
  return events;
}

function build(builders, workload, eventCount) {
  return describeHistory(workload, eventCount).map(([kind, value]) => builders[kind](value));
}

/** Rows of the history table. What reads them is the codec of the Azure Storage backend. */
export function historyRows(workload, eventCount) {
  const builders = {
    episodeStarted: () => episodeStarted(),
    episodeCompleted: () => episodeCompleted(),
    executionStarted: (tasks) => executionStarted(orchestration, { input: tasks, instanceId }),
    taskScheduled: (id) => taskScheduled(id, activity),
    taskCompleted: (id) => taskCompleted(id, result),
  };
  const key = { partitionKey: instanceId, rowKey: "0", executionId: "execution" };
  return build(builders, workload, eventCount).map((event) => toHistoryRow(event, key, {}));
}

/** The JSON text that the Functions host sends. Its times are texts; durable-functions makes dates of them. */
export function classicPayload(workload, eventCount) {
  const header = () => ({ EventId: -1, IsPlayed: true, Timestamp: "2026-01-01T00:00:00.1234567Z" });
  const builders = {
    episodeStarted: () => ({ ...header(), EventType: 12 }),
    episodeCompleted: () => ({ ...header(), EventType: 13 }),
    executionStarted: (tasks) => ({
      ...header(),
      EventType: 0,
      OrchestrationInstance: { InstanceId: instanceId, ExecutionId: "execution" },
      ParentInstance: null,
      Name: orchestration,
      Version: "",
      Input: JSON.stringify(tasks),
      Tags: null,
    }),
    taskScheduled: (id) => ({ ...header(), EventType: 4, EventId: id, Name: activity, Version: "", Input: null }),
    taskCompleted: (id) => ({ ...header(), EventType: 5, TaskScheduledId: id, Result: JSON.stringify(result) }),
  };
  const history = build(builders, workload, eventCount);
  history.at(-1).IsPlayed = false;
  history.at(-2).IsPlayed = false;
  return JSON.stringify({
    history,
    input: Math.floor(eventCount / 4),
    instanceId,
    isReplaying: true,
    parentInstanceId: null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 2,
    longRunningTimerIntervalDuration: "3.00:00:00",
    maximumShortTimerDuration: "6.00:00:00",
    defaultHttpAsyncRequestSleepTimeMillseconds: 30000,
  });
}

/**
 * durabletask-js numbers its tasks from 1. It offers no builder for OrchestratorCompleted, of which it takes no notice:
 * one more OrchestratorStarted stands for it.
 */
export function protobufHistory(workload, eventCount) {
  const now = new Date(Date.UTC(2026, 0, 1));
  const builders = {
    episodeStarted: () => pb.newOrchestratorStartedEvent(now),
    episodeCompleted: () => pb.newOrchestratorStartedEvent(now),
    executionStarted: (tasks) => pb.newExecutionStartedEvent(orchestration, instanceId, JSON.stringify(tasks)),
    taskScheduled: (id) => pb.newTaskScheduledEvent(id + 1, activity),
    taskCompleted: (id) => pb.newTaskCompletedEvent(id + 1, JSON.stringify(result)),
  };
  return build(builders, workload, eventCount);
}
