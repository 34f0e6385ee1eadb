import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { OrchestrationState } from "../../src/core/orchestration-state.ts";
import { isTerminalStatus } from "../../src/core/orchestration-status.ts";
import type { Clock } from "../../src/core/ports.ts";
import { VirtualHub } from "../../src/testing/virtual-hub.ts";
import {
  type BackendFault,
  type FaultyOperation,
  lockLost,
  withBackendFaults,
} from "../../src/testing/with-backend-faults.ts";
import { Registry } from "../../src/worker/registry.ts";
import { orchestratorOf, type Style } from "./program-orchestrator.ts";
import type { Program, Wait } from "./random-program.ts";
import { repeatedAnswersIn } from "./repeated-answers.ts";
import { SeededRandom } from "./seeded-random.ts";

/** How a program has ended, as far as it must not depend on faults. */
export interface ProgramEnd {
  readonly runtimeStatus: string;
  readonly output: string | undefined;
  readonly customStatus: string | undefined;
  /** What the last execution decided, without numbers and in no order; timers depend on when events come. */
  readonly decisions: readonly string[];
}

export interface ProgramRun {
  readonly program: Program;
  readonly style: Style;
  readonly seed: number;
  /** Injects faults, and replaces workers while the program runs. */
  readonly faulty: boolean;
  /** Every episode is replayed beside its run. @defaultValue false */
  readonly replayCheck?: boolean;
}

/** More steps of time than any program needs. */
const maxSteps = 20_000;
const dayMs = 86_400_000;

/** Runs one program to its end on a task hub in memory, with real workers, in no real time. */
export async function runProgram(run: ProgramRun): Promise<ProgramEnd> {
  const random = new SeededRandom(run.seed);
  await using hub = new VirtualHub({ random: seededPort(random) });
  const { client, clock } = hub;
  const registries = [registryOf(run, clock)];

  let faults = run.faulty ? 1 + random.below(12) : 0;
  const startWorker = async () => {
    const life = { isOver: false };
    const backend = withBackendFaults(hub.backend, (operation) => {
      if (life.isOver) return dead;
      if (faults === 0 || !random.chance(0.2)) return undefined;
      const fault = randomFault(operation, random);
      if (fault !== undefined) faults--;
      return fault;
    });
    const limits = {
      maxConcurrentOrchestrations: 2,
      maxConcurrentEntities: 2,
      maxConcurrentActivities: 8,
      replayCheck: run.replayCheck,
    };
    return { worker: await hub.startWorker({ registries, backend, ...limits }), life };
  };

  // With two, each meets histories that the other has taken further than its own sessions know.
  const workers = [await startWorker()];
  if (run.faulty) workers.push(await startWorker());
  const instanceId = await client.startInstance({ name: "program", instanceId: "program" });
  const raised = plannedEvents(run.program, random);
  for (let step = 0; step < maxSteps; step++) {
    await hub.settle();
    const state = (await client.getInstance(instanceId))!;
    if (isTerminalStatus(state.runtimeStatus)) {
      const history = (await client.getHistory(instanceId)) ?? [];
      const repeated = repeatedAnswersIn(history);
      if (repeated.length > 0) throw new Error(`answers are in history twice: ${repeated.join(", ")}`);
      return endOf(state, history);
    }
    if (run.faulty && faults > 0 && random.chance(0.03)) {
      // As after SIGKILL: what it held comes back when its locks run out.
      const [killed] = workers.splice(random.below(workers.length), 1);
      killed!.life.isOver = true;
      void killed!.worker.stop();
      faults--;
      workers.push(await startWorker());
    }
    if (state.runtimeStatus === "Suspended") await client.resume(instanceId, "go on");
    else if (run.faulty && faults > 0 && random.chance(0.02)) await client.suspend(instanceId, "hold on");
    else if (raised.length > 0 && random.chance(0.5)) {
      const name = raised.pop()!;
      await client.raiseEvent(instanceId, name, JSON.stringify(name));
    }
    hub.step(raised.length > 0 ? 20_000 : dayMs);
  }
  throw new Error(`the program hangs: ${JSON.stringify(await client.getInstance(instanceId))}`);
}

const dead: BackendFault = { when: "before", error: new Error("this worker was killed") };

function randomFault(operation: FaultyOperation, random: SeededRandom): BackendFault | undefined {
  const error = random.chance(0.3) ? lockLost() : new Error("connection reset");
  switch (operation) {
    case "fetchOrchestrationWorkItem":
    case "fetchEntityWorkItem":
      return random.chance(0.6) ? { when: "repeated" } : undefined;
    case "fetchActivityWorkItem":
      return random.chance(0.3) ? { when: "after", error } : undefined;
    case "completeOrchestrationWorkItem":
      return { when: random.pick(["before", "after", "messagesSent", "historyWritten"]), error };
    default:
      return { when: random.pick(["before", "after"]), error };
  }
}

/** Enough events for every wait of a program, whichever generation and turn it is in. */
function plannedEvents(program: Program, random: SeededRandom): string[] {
  const names = Array.from({ length: 3 }, () => eventsOf(program)).flat();
  return names
    .map((name) => ({ name, at: random.next() }))
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name);
}

function eventsOf(program: Program): string[] {
  return program.flatMap((statement) => {
    if (statement.kind === "wait") return eventsOfWait(statement.wait);
    if (statement.kind === "repeat")
      return Array.from({ length: statement.times }, () => eventsOf(statement.body)).flat();
    return "body" in statement ? eventsOf(statement.body) : [];
  });
}

function eventsOfWait(wait: Wait): string[] {
  if ("waits" in wait) return wait.waits.flatMap(eventsOfWait);
  return wait.kind === "event" && wait.name !== "never" ? [wait.name.toLowerCase()] : [];
}

function registryOf({ program, style }: ProgramRun, clock: Clock): Registry {
  const registry = new Registry();
  registry.addOrchestration({ name: "program", orchestrator: orchestratorOf(program, style) });
  registry.addOrchestration({
    name: "child",
    *orchestrator(ctx, input: number) {
      return (yield* ctx.callActivity<number>("double", input)) + 1;
    },
  });
  registry.addOrchestration({
    name: "grandchild",
    orchestrator: async (ctx, input: number) => (await ctx.callSubOrchestrator<number>("child", input)) + 1,
  });
  registry.addOrchestration({
    name: "failingChild",
    *orchestrator(ctx, input: number) {
      yield ctx.callActivity("double", input);
      throw new Error(`child ${input} fails`);
    },
  });
  // A retry is another instance: only what lies outside knows how often a child was tried, and may be told twice.
  const attempts = new Map<string, number>();
  registry.addOrchestration({
    name: "flakyChild",
    async orchestrator(ctx, input: number) {
      const attempt = await ctx.callActivity<number>("countAttempt", [ctx.instanceId, input]);
      if (attempt < input % 10) throw new Error(`child attempt ${attempt} of ${input % 10}`);
      return attempt;
    },
  });
  registry.addActivity({
    name: "countAttempt",
    activity: ([instanceId, input]: [string, number]) => {
      const known = attempts.get(instanceId);
      if (known !== undefined) return known;
      const attempt = ((attempts.get(`last of ${input}`) ?? 0) % (input % 10)) + 1;
      attempts.set(`last of ${input}`, attempt);
      attempts.set(instanceId, attempt);
      return attempt;
    },
  });
  registry.addActivity({ name: "double", activity: (value: number) => value * 2 });
  registry.addActivity({
    name: "flaky",
    activity: (needed: number, { attempt }) => {
      if (attempt < needed) throw new Error(`attempt ${attempt} of ${needed}`);
      return attempt;
    },
  });
  registry.addActivity({ name: "slow", activity: () => clock.sleep(20_000_000) });
  return registry;
}

function endOf(state: OrchestrationState, history: readonly HistoryEvent[]): ProgramEnd {
  const { runtimeStatus, output, customStatus } = state;
  return { runtimeStatus, output, customStatus, decisions: history.flatMap(describeDecision).sort() };
}

function describeDecision(event: HistoryEvent): string[] {
  switch (event.type) {
    case "TaskScheduled":
    case "SubOrchestrationInstanceCreated":
    case "EventSent":
      return [`${event.type} ${event.name} ${event.input ?? ""}`];
    case "GenericEvent":
      return [`${event.type} ${event.data}`];
    case "ExecutionCompleted":
      return [`${event.type} ${event.orchestrationStatus}`];
    default:
      return [];
  }
}

function seededPort(random: SeededRandom) {
  const hex = () =>
    random
      .below(2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return { guid: () => `${hex()}-${hex()}-${hex()}-${hex()}`, number: () => random.next() };
}
