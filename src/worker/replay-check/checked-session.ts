import type { DurableError } from "../../core/errors.ts";
import type { EventWaits } from "../../core/event-waits.ts";
import { describeFailure } from "../../core/failure-details.ts";
import type { HistoryEvent } from "../../core/history-event.ts";
import { type CompleteOrchestration, formatPatchMark, readPatchMark } from "../../core/orchestrator-action.ts";
import type { Episode, EpisodeResult, OrchestrationSession } from "../../core/task-executor.ts";
import { nondeterminism, unrepeatable } from "../../orchestration/replay/nondeterminism.ts";
import { type Alteration, alterations, runAltered, type UnrepeatableRead, unalteredNow } from "./altered-globals.ts";
import { isCheckDue, isShort } from "./check-schedule.ts";
import { type EpisodeDifference, findDifference } from "./episode-difference.ts";

interface LiveEpisode {
  /** Number of events ahead of what the episode was brought. */
  readonly start: number;
  /** Number of events up to its end, without the records of what it has asked for. */
  readonly end: number;
  readonly result: EpisodeResult;
}

interface Finding {
  /** Number of the episode, from 1 on. */
  readonly episode: number;
  readonly difference: EpisodeDifference;
  readonly reads: readonly UnrepeatableRead[];
  /** Nothing differs when the code is told that it does not replay. */
  readonly isByReplaying?: boolean;
}

interface ReplayConditions {
  readonly alteration: Alteration | undefined;
  /** The code is told that it replays what the live session has replayed, and no more. */
  readonly isAsLive?: boolean;
}

/** So many events are replayed, or for so long, before the event loop gets a turn. */
const eventsPerTurn = 500;
const msPerTurn = 50;

/** Failures of the engine's own making: there is no code to replay, or none that could be. */
const engineFailures: ReadonlySet<string> = new Set<DurableError["code"]>([
  "OrchestrationMisuse",
  "TooManyActions",
  "NondeterministicOrchestration",
  "CorruptData",
  "VersionMismatch",
  "OrchestratorNotRegistered",
]);

/**
 * A live session whose code is replayed from its history beside it, after each episode and before anything of it is
 * committed. A live session alone hides code that replay cannot repeat until a process dies; here its instance fails in
 * the first run, at the first difference.
 *
 * V1. Nothing but code that decides otherwise in the replay fails its instance: same events, same conditions, same code.
 *     What differs only under altered clocks, which the code has not read, is looked at again under those of the machine.
 *     A status or an output that only shows whether the code replays decides nothing, and is left alone.
 * V2. A replay has no effect: it is always told that it replays, logs nothing, wakes nothing, and is closed at its end.
 * V3. Episodes that ran before this session are replayed and not compared: their code may have been another.
 */
export class CheckedSession implements OrchestrationSession {
  readonly #live: OrchestrationSession;
  readonly #openReplay: () => OrchestrationSession;
  /** All that the live session has seen. */
  readonly #events: HistoryEvent[] = [];
  readonly #episodes: LiveEpisode[] = [];
  #checks = 0;
  /** Number of events at the last check. */
  #checkedEvents = 0;
  /** How long the replays of that check have had the event loop. */
  #checkMs = 0;
  /** The code shows clients whether it replays: what it shows is not compared any more. */
  #isShownCompared = true;

  /** @param openReplay opens a session of the same execution that logs nothing */
  constructor(live: OrchestrationSession, openReplay: () => OrchestrationSession) {
    this.#live = live;
    this.#openReplay = openReplay;
  }

  async execute(episode: Episode, work?: { readonly signal: AbortSignal }): Promise<EpisodeResult> {
    const result = await this.#live.execute(episode, work);
    for (const event of episode.pastEvents) this.#events.push(event);
    const before = this.#events.length;
    for (const event of episode.newEvents) this.#events.push(event);
    // Nothing is decided by catching up.
    if (episode.newEvents.length === 0) return result;
    this.#episodes.push({ start: before, end: this.#events.length, result }); // V3
    const end = endOf(result);
    if (!isOfItsCode(result, end)) return result;
    const hasEnded = end !== undefined;
    if (!isCheckDue(this.#checkedEvents, this.#events.length, hasEnded, this.#checkMs)) return result;
    this.#checkedEvents = this.#events.length;
    const found = await this.#check(hasEnded);
    return found === undefined ? result : this.#failed(found);
  }

  waitsForTimer(timerId: number): boolean {
    return this.#live.waitsForTimer?.(timerId) !== false;
  }

  eventWaits(): EventWaits | undefined {
    return this.#live.eventWaits?.();
  }

  newlyAwaitedEvents(): readonly string[] {
    return this.#live.newlyAwaitedEvents?.() ?? [];
  }

  close(): void {
    this.#live.close();
  }

  async #check(hasEnded: boolean): Promise<Finding | undefined> {
    const isThorough = isShort(this.#events.length, this.#checkMs) && (this.#episodes.length === 1 || hasEnded);
    this.#checkMs = 0;
    const [one, other] = this.#checks++ % 2 === 0 ? alterations : [alterations[1], alterations[0]];
    for (const alteration of isThorough ? [one, other] : [one]) {
      const found = await this.#replay({ alteration });
      if (found === undefined) continue;
      const certain = found.reads.length > 0 ? found : await this.#replay({ alteration: undefined }); // V1
      if (certain === undefined) continue;
      const isByReplaying = (await this.#replay({ alteration, isAsLive: true })) === undefined;
      if (!isByReplaying || certain.difference.isShownOnly !== true) return { ...certain, isByReplaying };
      this.#isShownCompared = false;
      const decided = await this.#replay({ alteration });
      if (decided !== undefined) return { ...decided, isByReplaying };
    }
    return undefined;
  }

  /** Replays the whole history, up to the first difference. */
  async #replay(conditions: ReplayConditions): Promise<Finding | undefined> {
    const session = this.#openReplay();
    const reads: UnrepeatableRead[] = [];
    const cursor = { event: 0, episode: 0 };
    try {
      while (cursor.episode < this.#episodes.length) {
        const difference = await runAltered(conditions.alteration, reads, async () => {
          const began = unalteredNow();
          const found = await this.#replaySome(session, cursor, conditions);
          this.#checkMs += unalteredNow() - began;
          return found;
        });
        if (difference !== undefined) return { episode: this.#numberOf(cursor.episode), difference, reads };
      }
    } catch {
      // A replay that cannot be run says nothing of the code (V1).
    } finally {
      session.close(); // V2
    }
    return undefined;
  }

  /** Goes on from the cursor, and leaves it at the episode that differs or at the next one. */
  async #replaySome(
    session: OrchestrationSession,
    cursor: { event: number; episode: number },
    { isAsLive = false }: ReplayConditions,
  ): Promise<EpisodeDifference | undefined> {
    const limit = cursor.event + eventsPerTurn;
    const began = unalteredNow();
    while (cursor.episode < this.#episodes.length && cursor.event < limit && unalteredNow() - began < msPerTurn) {
      const { start, end, result } = this.#episodes[cursor.episode]!;
      const next = Math.min(end, limit);
      const isNewFrom = isAsLive ? Math.min(next, Math.max(start, cursor.event)) : next;
      const past = this.#events.slice(cursor.event, isNewFrom);
      const pastEvents = cursor.event === 0 ? [...this.#patchMarks(), ...past] : past;
      const replayed = await session.execute({ pastEvents, newEvents: this.#events.slice(isNewFrom, next) }); // V2
      cursor.event = next;
      if (next < end) continue;
      const difference = findDifference(result, replayed, this.#isShownCompared);
      if (difference !== undefined) return difference;
      cursor.episode++;
    }
    return undefined;
  }

  /** Those of the whole history and of the last episode: a replay looks for them ahead, as far as history goes. */
  #patchMarks(): readonly HistoryEvent[] {
    const recorded = this.#events.filter((event) => {
      return event.type === "GenericEvent" && readPatchMark(event.data) !== undefined;
    });
    const timestamp = this.#events[0]?.timestamp ?? new Date(0);
    const asked = (this.#episodes.at(-1)?.result.actions ?? []).flatMap((action): readonly HistoryEvent[] => {
      if (action.kind !== "RecordPatch") return [];
      return [{ type: "GenericEvent", eventId: -1, timestamp, data: formatPatchMark(action.patchId) }];
    });
    return [...recorded, ...asked];
  }

  #numberOf(index: number): number {
    const events = this.#events.slice(0, this.#episodes[index]?.end);
    return events.filter(({ type }) => type === "OrchestratorStarted").length;
  }

  /** Nothing that the episode asked for begins. */
  #failed(found: Finding): EpisodeResult {
    const { actions } = this.#episodes.at(-1)!.result;
    const lastId = [...this.#events.map(({ eventId }) => eventId), ...actions.map(({ id }) => id)].reduce(
      (last, id) => Math.max(last, id),
      -1,
    );
    const end: CompleteOrchestration = {
      kind: "CompleteOrchestration",
      id: endOf({ actions })?.id ?? lastId + 1,
      status: "Failed",
      result: undefined,
      failureDetails: { ...describeFailure(describe(found)), stackTrace: traceOf(found) },
      carryoverEvents: [],
      newVersion: undefined,
    };
    return { actions: [end], customStatus: undefined, keepsCustomStatus: true };
  }
}

function endOf({ actions }: Pick<EpisodeResult, "actions">): CompleteOrchestration | undefined {
  return actions.find((action) => action.kind === "CompleteOrchestration");
}

/** `false` when it was decided from outside, or without the code. */
function isOfItsCode({ keepsCustomStatus }: EpisodeResult, end: CompleteOrchestration | undefined): boolean {
  if (keepsCustomStatus === true || end?.status === "Terminated") return false;
  return !engineFailures.has(end?.failureDetails?.errorType ?? "");
}

function describe({ episode, difference, reads, isByReplaying }: Finding): DurableError {
  const { live, replayed } = difference;
  const under = reads.length > 0 ? ", with another clock and other random numbers," : "";
  const what = `in episode ${episode} the orchestrator asked for ${live}, but replayed at once from the same history${under} it asks for ${replayed}`;
  if (isByReplaying === true) {
    return nondeterminism(what, "the code decides something by context.isReplaying, which is there for logs alone");
  }
  if (reads.length === 0) {
    return nondeterminism(what, `the code depends on something that differs from run to run (${unrepeatable})`);
  }
  const texts = reads.map(({ source, place }) => (place === undefined ? source : `${source} at ${place}`));
  const others = "an environment variable, the state of a module, I/O";
  return nondeterminism(
    what,
    `the code depends on ${[...new Set(texts)].join(", ")}, or else on something that differs from run to run (${others})`,
  );
}

/** Where the code has read what it must not; nothing of the engine, which is not to blame. */
function traceOf({ reads }: Finding): string | undefined {
  const places = new Set(reads.map(({ place }) => place).filter((place) => place !== undefined));
  if (places.size === 0) return undefined;
  return ["NondeterministicOrchestration", ...[...places].map((place) => `    at ${place}`)].join("\n");
}
