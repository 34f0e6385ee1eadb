import { DurableError } from "../../core/errors.ts";
import type { HistoryEvent } from "../../core/history-event.ts";
import { parseRecordedHistory, reviveHistory } from "../../management/recorded-history.ts";
import { InProcessExecutor } from "../../worker/in-process-executor.ts";
import { assertFits, replayHistory } from "../../worker/replay-check/replay-history.ts";
import { SteppedClock } from "../stepped-clock.ts";
import { findTestedFunctions, type TestedApp } from "./tested-functions.ts";

/** A history: events, those of a file of `durable history --all` among them, or a line of such a file. */
export type ReplayedHistory = readonly HistoryEvent[] | string | { readonly history: readonly unknown[] };

/**
 * Replays a history that was recorded with the code as it is now, to see whether an instance could go on with it. Nothing
 * has an effect.
 *
 * @param app as `createTestHub` takes it; `undefined` for all that the test has imported
 * @example
 * for (const line of readFileSync("histories.ndjson", "utf8").trim().split(/\r?\n/)) await replay(app, line);
 * @throws DurableError `NondeterministicOrchestration` that says where the code and the history part, and why;
 * `CorruptData`, `InvalidOption`
 */
export async function replay(app: TestedApp | undefined, history: ReplayedHistory): Promise<void> {
  const { registries } = findTestedFunctions(app);
  const executor = new InProcessExecutor({ registries, clock: new SteppedClock() });
  assertFits(await replayHistory(executor, readEvents(history)));
}

function readEvents(given: ReplayedHistory): readonly HistoryEvent[] {
  if (typeof given === "string") return parseRecordedHistory(given).history;
  const events = Array.isArray(given) ? given : (given as { readonly history?: unknown } | null)?.history;
  if (Array.isArray(events)) return reviveHistory(events);
  throw new DurableError(
    "InvalidOption",
    "replay takes a history: a list of events, or what 'durable history --all' prints",
  );
}
