/**
 * Who takes part. `run` replays a whole history from a cold start and gives the number of results that the orchestration
 * has returned, so that nobody is measured for doing nothing. The history is what `fresh` makes, anew for each run and
 * not measured: as it comes from storage or from the wire, in the memory of the moment.
 */
import { createRequire } from "node:module";
import { fromHistoryRow } from "../../dist/backends/azure-storage/codec/history-row.js";
import { jsonDataConverter } from "../../dist/core/payloads/data-converter.js";
import { InProcessSession } from "../../dist/worker/in-process-session.js";
import {
  activity,
  classicPayload,
  historyRows,
  instanceId,
  orchestration,
  protobufHistory,
} from "./replay-histories.mjs";

const require = createRequire(import.meta.url);

/** The orchestrators of the two workloads, in our three styles. They return how many results they got. */
const orchestrators = {
  generator: {
    *sequence(context, tasks) {
      let results = 0;
      for (let i = 0; i < tasks; i++) if (yield* context.callActivity(activity, i)) results++;
      return results;
    },
    *fanOut(context, tasks) {
      const calls = Array.from({ length: tasks }, (_, i) => context.callActivity(activity, i));
      return (yield* context.all(calls)).length;
    },
  },
  async: {
    async sequence(context, tasks) {
      let results = 0;
      for (let i = 0; i < tasks; i++) if (await context.callActivity(activity, i)) results++;
      return results;
    },
    async fanOut(context, tasks) {
      const calls = Array.from({ length: tasks }, (_, i) => context.callActivity(activity, i));
      return (await Promise.all(calls)).length;
    },
  },
  "async generator": {
    async *sequence(context, tasks) {
      let results = 0;
      for (let i = 0; i < tasks; i++) if (yield context.callActivity(activity, i)) results++;
      return results;
    },
    async *fanOut(context, tasks) {
      const calls = Array.from({ length: tasks }, (_, i) => context.callActivity(activity, i));
      return (yield context.all(calls)).length;
    },
  },
};

function openSession(orchestrator) {
  return new InProcessSession({
    instanceId,
    executionId: "execution",
    findOrchestration: () => ({ orchestrator, dataConverter: jsonDataConverter }),
    log: () => {},
  });
}

function resultsOf({ actions }) {
  const [completion] = actions;
  if (completion?.status !== "Completed") throw new Error(`not completed: ${JSON.stringify(actions.slice(0, 2))}`);
  return Number(completion.result);
}

const ours = Object.entries(orchestrators).map(([style, workloads]) => ({
  name: `durable-functions-ts, ${style}`,
  style,
  isOurs: true,
  prepare(workload, eventCount) {
    const rows = historyRows(workload, eventCount);
    const fresh = () => {
      const history = rows.map(fromHistoryRow);
      return { pastEvents: history.slice(0, -2), newEvents: history.slice(-2) };
    };
    const run = async (episode) => resultsOf(await openSession(workloads[workload]).execute(episode));
    return { fresh, run };
  },
  /** One live session through all episodes of a sequence, each with the two events that its last one has added. */
  prepareSticky(eventCount) {
    const rows = historyRows("sequence", eventCount);
    const fresh = () => {
      const history = rows.map(fromHistoryRow);
      const episodes = [{ pastEvents: [], newEvents: history.slice(0, 2) }];
      for (let at = 2; at < history.length; at += 4) {
        episodes.push({ pastEvents: history.slice(at, at + 2), newEvents: history.slice(at + 2, at + 4) });
      }
      return episodes;
    };
    const run = async (episodes) => {
      const session = openSession(workloads.sequence);
      let last;
      for (const episode of episodes) last = await session.execute(episode);
      return resultsOf(last);
    };
    return { fresh, run };
  },
}));

const classic = {
  name: "durable-functions 3.5.0",
  replayGoal: { generator: 5, async: 2, "async generator": 2 },
  prepare(workload, eventCount) {
    const testing = require("durable-functions/lib/src/util/testingUtils.js");
    const code = {
      *sequence(context) {
        const tasks = context.df.getInput();
        let results = 0;
        for (let i = 0; i < tasks; i++) if (yield context.df.callActivity(activity, i)) results++;
        return results;
      },
      *fanOut(context) {
        const tasks = context.df.getInput();
        const calls = Array.from({ length: tasks }, (_, i) => context.df.callActivity(activity, i));
        return (yield context.df.Task.all(calls)).length;
      },
    };
    const handler = testing.createOrchestrator(code[workload]);
    const payload = classicPayload(workload, eventCount);
    // It writes into what it is given, so that each run needs a payload of its own, as in the Functions host.
    const fresh = () => JSON.parse(payload);
    const run = async (trigger) => {
      const state = await handler(trigger, new testing.DummyOrchestrationContext(orchestration, "1", () => {}));
      if (!state.isDone) throw new Error("not completed");
      return state.output;
    };
    return { fresh, run };
  },
};

const portable = {
  name: "@microsoft/durabletask-js 0.4.0",
  replayGoal: { generator: 5, async: 5, "async generator": 5 },
  prepare(workload, eventCount) {
    const { NoOpLogger, whenAll } = require("@microsoft/durabletask-js");
    const { OrchestrationExecutor } = require("@microsoft/durabletask-js/dist/worker/orchestration-executor.js");
    const { Registry } = require("@microsoft/durabletask-js/dist/worker/registry.js");
    const code = {
      async *sequence(context, tasks) {
        let results = 0;
        for (let i = 0; i < tasks; i++) if (yield context.callActivity(activity, i)) results++;
        return results;
      },
      async *fanOut(context, tasks) {
        const calls = Array.from({ length: tasks }, (_, i) => context.callActivity(activity, i));
        return (yield whenAll(calls)).length;
      },
    };
    const registry = new Registry();
    registry.addNamedOrchestrator(orchestration, code[workload]);
    const fresh = () => {
      const history = protobufHistory(workload, eventCount);
      return [history.slice(0, -2), history.slice(-2)];
    };
    const run = async ([past, recent]) => {
      const { actions } = await new OrchestrationExecutor(registry, new NoOpLogger()).execute(instanceId, past, recent);
      const completion = actions.at(-1)?.getCompleteorchestration();
      if (completion?.getOrchestrationstatus() !== 1) throw new Error("not completed");
      return Number(completion.getResult().getValue());
    };
    return { fresh, run };
  },
};

/** `replayGoal`: how many times as fast as this one a replay of ours shall be, by its style. */
export const contenders = [...ours, classic, portable];
