import { formatFailure } from "../../core/failure-details.ts";
import type { CompleteOrchestration, OrchestratorAction } from "../../core/orchestrator-action.ts";
import type { EpisodeResult } from "../../core/task-executor.ts";
import { describeAction } from "../../orchestration/replay/action-ledger.ts";

/** What differs first between an episode and its replay, each as what the orchestrator asks for. */
export interface EpisodeDifference {
  readonly live: string;
  readonly replayed: string;
  /** It is shown to clients and decides nothing: the custom status, or the output of code that has completed. */
  readonly isShownOnly?: boolean;
}

/**
 * The first difference between what code has asked for in an episode and what it asks for when that is replayed. Compared
 * is all that code decides: kinds, numbers, names, receivers, inputs, times, outputs, failures and custom status. Stack
 * traces inside of texts are not, because the frames below user code are those of the engine.
 *
 * @param isShownToo compare what is only shown, too
 */
export function findDifference(
  live: EpisodeResult,
  replayed: EpisodeResult,
  isShownToo: boolean,
): EpisodeDifference | undefined {
  const [asked, asks] = [decisionsOf(live), decisionsOf(replayed)];
  for (let index = 0; index < Math.max(asked.length, asks.length); index++) {
    const difference = compareActions(asked[index], asks[index]);
    if (difference !== undefined && (isShownToo || difference.isShownOnly !== true)) return difference;
  }
  if (!isShownToo || live.keepsCustomStatus === true || replayed.keepsCustomStatus === true) return undefined;
  if (isSameText(live.customStatus, replayed.customStatus)) return undefined;
  const [before, now] = excerpts(live.customStatus, replayed.customStatus);
  return { live: `the custom status ${before}`, replayed: `the custom status ${now}`, isShownOnly: true };
}

/** Marks of patches are facts of history, which the replay is given. */
function decisionsOf({ actions }: EpisodeResult): readonly OrchestratorAction[] {
  return actions.filter(({ kind }) => kind !== "RecordPatch");
}

function compareActions(
  live: OrchestratorAction | undefined,
  replayed: OrchestratorAction | undefined,
): EpisodeDifference | undefined {
  if (live === undefined || replayed === undefined || live.kind !== replayed.kind || live.id !== replayed.id) {
    return { live: describe(live), replayed: describe(replayed) };
  }
  const [before, now] = [membersOf(live), membersOf(replayed)];
  for (const [index, [member, value]] of before.entries()) {
    const other = now[index]![1];
    if (isSameText(value, other)) continue;
    // Names and receivers are in the description; what is not stands beside it.
    const [one, another] = [describe(live), describe(replayed)];
    if (one !== another) return { live: one, replayed: another };
    const [left, right] = excerpts(value, other);
    return {
      live: `${one} with ${member} ${left}`,
      replayed: `${another} with ${member} ${right}`,
      isShownOnly: member === "output",
    };
  }
  return undefined;
}

/** What code decides of an action, by a name for people. */
function membersOf(action: OrchestratorAction): readonly (readonly [string, string | undefined])[] {
  switch (action.kind) {
    case "ScheduleTask":
      return [
        ["name", action.name],
        ["version", action.version],
        ["input", action.input],
        ["tags", tagsText(action.tags)],
      ];
    case "CreateSubOrchestration":
      return [
        ["name", action.name],
        ["instance id", action.instanceId],
        ["version", action.version],
        ["input", action.input],
        ["tags", tagsText(action.tags)],
        ["a parent", String(!action.fireAndForget)],
      ];
    case "CreateTimer":
      return [["due time", action.fireAt.toISOString()]];
    case "SendEvent":
      return [
        ["name", action.name],
        ["receiver", action.instanceId],
        ["input", action.input],
        ["delivery time", action.deliverAt?.toISOString()],
      ];
    case "CompleteOrchestration":
      return [
        ["status", action.status],
        ["failure", action.failureDetails && formatFailure(action.failureDetails)],
        [action.status === "ContinuedAsNew" ? "input" : "output", action.result],
        ["version", action.newVersion],
      ];
    case "RecordPatch":
      return [["id", action.patchId]];
  }
}

function tagsText(tags: Readonly<Record<string, string>> | undefined): string | undefined {
  return tags && JSON.stringify(Object.entries(tags).sort());
}

function describe(action: OrchestratorAction | undefined): string {
  if (action === undefined) return "nothing more";
  const failure = action.kind === "CompleteOrchestration" ? failureText(action) : undefined;
  return failure ?? describeAction(action);
}

function failureText({ failureDetails }: CompleteOrchestration): string | undefined {
  return failureDetails && `CompleteOrchestration(Failed: ${clip(formatFailure(failureDetails))})`;
}

/** Lines of a stack trace, in a text or in JSON text. */
const stackLines = /(?:\n|\\n)\s+at (?:(?!\\n)[^\n"])*/g;

function isSameText(one: string | undefined, another: string | undefined): boolean {
  if (one === another) return true;
  if (one === undefined || another === undefined) return false;
  return one.includes(" at ") && one.replace(stackLines, "") === another.replace(stackLines, "");
}

/** Of each side shown, in UTF-16 units, and how much of it lies ahead of the difference. */
const shown = 120;
const ahead = 40;

/** Both texts, and of long ones what stands about their first difference. */
function excerpts(one: string | undefined, another: string | undefined): readonly [string, string] {
  const [a, b] = [one ?? "", another ?? ""];
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const start = Math.max(a.length, b.length) <= shown ? 0 : Math.max(0, same - ahead);
  const show = (text: string | undefined) => (text === undefined ? "nothing" : clip(text, start));
  return [show(one), show(another)];
}

function clip(text: string, start = 0): string {
  const end = start + shown;
  return `${start > 0 ? "…" : ""}${text.slice(start, end)}${text.length > end ? "…" : ""}`;
}
