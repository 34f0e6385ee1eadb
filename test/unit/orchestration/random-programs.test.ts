import { expect, it } from "vitest";
import type { HistoryEvent } from "../../../src/core/history-event.ts";
import type { OrchestratorAction } from "../../../src/core/orchestrator-action.ts";
import type { EpisodeResult } from "../../../src/core/task-executor.ts";
import { decodeTaskTags } from "../../../src/core/task-tags.ts";
import { applyActions } from "../../../src/engine/apply-actions.ts";
import {
  at,
  episodeCompleted,
  episodeStarted,
  eventRaised,
  executionResumed,
  executionStarted,
  executionSuspended,
  subOrchestrationCompleted,
  subOrchestrationFailed,
  taskCompleted,
  taskFailed,
  timerFired,
} from "../../../src/testing/history-builder.ts";
import { orchestratorOf, type Style, styles } from "../../support/program-orchestrator.ts";
import { asksForPatches, type Program, randomProgram } from "../../support/random-program.ts";
import { openSession } from "../../support/run-episode.ts";
import { forSeeds, SeededRandom } from "../../support/seeded-random.ts";

/** One episode of a run: the part of the history that was new in it, and what came of it. */
interface RunEpisode {
  readonly start: number;
  readonly end: number;
  readonly result: EpisodeResult;
}

/** A whole run of one program. */
interface Run {
  readonly history: readonly HistoryEvent[];
  readonly episodes: readonly RunEpisode[];
}

const started = executionStarted("program");
const maxEpisodes = 60;

function answerTo(action: OrchestratorAction): HistoryEvent | undefined {
  switch (action.kind) {
    case "ScheduleTask": {
      const input = Number(action.input);
      const { attempt } = decodeTaskTags(action.tags);
      return action.name === "flaky" && (input + attempt) % 2 === 1
        ? taskFailed(action.id, { errorMessage: `flaky ${input}` })
        : taskCompleted(action.id, input * 2);
    }
    case "CreateTimer":
      return timerFired(action.id, action.fireAt);
    case "CreateSubOrchestration":
      if (action.fireAndForget) return undefined;
      return action.name === "flakyChild" && (Number(action.input) + action.id) % 3 === 1
        ? subOrchestrationFailed(action.id, { errorMessage: "flaky child" })
        : subOrchestrationCompleted(action.id, Number(action.input) + 1);
    default:
      return undefined;
  }
}

/** Runs the program on one live session. The world answers in random order, several answers at a time, and repeats some. */
async function run(program: Program, style: Style, random: SeededRandom): Promise<Run> {
  const session = openSession(orchestratorOf(program, style));
  const history: HistoryEvent[] = [];
  const episodes: RunEpisode[] = [];
  const answers: HistoryEvent[] = [];
  let unseen: HistoryEvent[] = [];
  let arrived: HistoryEvent[] = [started];
  for (let episode = 0; episode < maxEpisodes; episode++) {
    const newEvents = [episodeStarted(episode * 10), ...arrived];
    const start = history.length;
    const result = await session.execute({ pastEvents: unseen, newEvents });
    history.push(...newEvents);
    episodes.push({ start, end: history.length, result });
    unseen = [...applyActions(started, result.actions, at(episode * 10)).events, episodeCompleted()];
    history.push(...unseen);
    if (result.actions.some(({ kind }) => kind === "CompleteOrchestration")) break;
    answers.push(...result.actions.flatMap((action) => answerTo(action) ?? []));
    if (random.chance(0.4)) answers.push(eventRaised(random.pick(["go", "GO", "stop"]), random.below(9)));
    arrived = [];
    while (answers.length > 0 && (arrived.length === 0 || random.chance(0.3))) {
      const [answer] = answers.splice(random.below(answers.length), 1);
      arrived.push(answer!);
      if (random.chance(0.1)) arrived.push(answer!);
    }
    if (random.chance(0.1)) arrived.splice(random.below(arrived.length + 1), 0, executionSuspended());
    if (random.chance(0.2)) arrived.splice(random.below(arrived.length + 1), 0, executionResumed());
  }
  return { history, episodes };
}

/** What an episode asks for, as text: stacks differ from run to run. */
function textOf(result: EpisodeResult): string {
  return JSON.stringify(result, (key, value) => (key === "stackTrace" ? undefined : value));
}

/** Hundreds of thousands are compared, so only a difference is taken apart to be readable. */
function expectSame(seen: string, wanted: string): void {
  if (seen !== wanted) expect(JSON.parse(seen)).toEqual(JSON.parse(wanted));
}

it("a live session, a fresh replay and every cut of the history ask for the same", { timeout: 400_000 }, async () => {
  await forSeeds(300, async (seed) => {
    const program = randomProgram(new SeededRandom(seed));
    const style = styles[seed % styles.length]!;
    const { history, episodes } = await run(program, style, new SeededRandom(seed + 1));
    for (const { start, end, result } of episodes) {
      const wanted = textOf(result);
      // A change of code counts for new ground only: there the cut between past and new has a meaning.
      const lastCut = asksForPatches(program) ? start : end;
      for (let cut = 0; cut <= lastCut; cut++) {
        const replay = openSession(orchestratorOf(program, style));
        const replayed = await replay.execute({
          pastEvents: history.slice(0, cut),
          newEvents: history.slice(cut, end),
        });
        expectSame(textOf(replayed), wanted);
      }
    }
  });
});

it("a whole history gives the custom status, and nothing is asked for", { timeout: 400_000 }, async () => {
  await forSeeds(300, async (seed) => {
    const program = randomProgram(new SeededRandom(seed));
    const style = styles[seed % styles.length]!;
    const { history, episodes } = await run(program, style, new SeededRandom(seed + 1));
    const { actions, customStatus } = episodes.at(-1)!.result;
    // Such an end is in no history: the next execution begins in its place.
    if (actions.some((action) => "status" in action && action.status === "ContinuedAsNew")) return;

    const caughtUp = await openSession(orchestratorOf(program, style)).execute({ pastEvents: history, newEvents: [] });

    expect(caughtUp).toEqual({ actions: [], customStatus });
  });
});

it("the three styles make the same history", { timeout: 400_000 }, async () => {
  let programs = 0;
  let ended = 0;
  await forSeeds(500, async (seed) => {
    const program = randomProgram(new SeededRandom(seed));
    const [reference, ...others] = await Promise.all(
      styles.map((style) => run(program, style, new SeededRandom(seed + 1))),
    );
    programs++;
    if (reference!.episodes.at(-1)!.result.actions.some(({ kind }) => kind === "CompleteOrchestration")) ended++;
    const [wanted, ...seen] = [reference!, ...others].map(({ episodes }) => {
      return `[${episodes.map(({ result }) => textOf(result)).join(",")}]`;
    });
    for (const each of seen) expectSame(each, wanted!);
  });
  // Programs that wait for an event nobody sends run on; most must get to their end, or little was compared.
  expect(ended / programs).toBeGreaterThan(programs === 1 ? -1 : 0.5);
});
