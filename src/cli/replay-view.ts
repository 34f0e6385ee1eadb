import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { formatFailureChain } from "../core/failure-details.ts";
import { formatFailureTrace } from "../core/failure-trace.ts";
import type { CompleteOrchestration } from "../core/orchestrator-action.ts";
import { describeHistory, type HistoryLine } from "../management/history-lines.ts";
import { describeWaits, type InstanceWait } from "../management/instance-waits.ts";
import type { RecordedHistory } from "../management/recorded-history.ts";
import { formatNamedEvents, formatWait } from "../management/wait-text.ts";
import type { TracedReplay } from "../worker/replay-check/traced-replay.ts";
import { describeWhat } from "./history-view.ts";
import { Columns, printable, shorten } from "./printable.ts";
import type { Terminal } from "./terminal.ts";

/** Longest data that is shown in a line. */
const maxShown = 60;
/** Longest data that stands by itself. */
const maxAlone = 500;

/**
 * What `durable replay` shows.
 *
 * @param folder against which places in the code are named
 */
export function describeReplay(
  recorded: RecordedHistory,
  traced: TracedReplay,
  folder: string,
  { paint }: Pick<Terminal, "paint">,
): readonly string[] {
  const { instanceId, name, status, history } = recorded;
  const { reached, places } = traced;
  const where = (place: string | undefined) => (place === undefined ? "" : printable(shortPlace(place, folder)));
  const lines = describeHistory(history.slice(0, reached));
  const rows = lines.map((line) => [
    line.answerEvent === undefined ? `${line.event}` : `${line.event}, ${line.answerEvent}`,
    line.kind,
    printable(describeWhat(line)),
    line.outcome ?? "",
    printable(shorten(dataOf(line), maxShown)),
    where(line.taskId === undefined ? places.ofEvent(line.event) : places.ofAction(line.taskId)),
  ]);
  const [header, ...table] = new Columns().format([["EVENT", "WHAT", "NAME", "OUTCOME", "DATA", "WHERE"], ...rows]);
  return [
    printable(`${instanceId}  ${name}  ${status}, ${history.length} events`),
    "",
    ...(lines.length === 0 ? [] : [paint("grey", header!)]),
    ...lines.map((line, index) => (line.outcome === "failed" ? paint("red", table[index]!) : table[index]!)),
    ...(lines.length === 0 ? [] : [""]),
    ...describeStatus(traced),
    ...describeOutcome(recorded, traced, where, paint),
  ];
}

function dataOf({ kind, input, result, failure, outcome }: HistoryLine): string {
  if (failure !== undefined) return formatFailureChain(failure);
  if (outcome !== undefined) return result ?? "";
  return ["started", "event raised"].includes(kind) ? (input ?? "") : "";
}

function describeStatus({ customStatus }: TracedReplay): readonly string[] {
  return customStatus === undefined ? [] : [`Custom status: ${printable(shorten(customStatus, maxAlone))}`];
}

type Where = (place: string | undefined) => string;

function describeOutcome(
  { instanceId, status, history }: RecordedHistory,
  traced: TracedReplay,
  where: Where,
  paint: Terminal["paint"],
): readonly string[] {
  const { outcome, engineFailure, end, asks, differsAt, waits } = traced;
  const before =
    engineFailure === undefined ? [] : [paint("yellow", `The engine had failed the instance: ${engineFailure}.`)];
  if (outcome.kind === "not replayed") return [...before, paint("red", printable(`Not replayed: ${outcome.reason}`))];
  if (outcome.kind === "breaks") {
    const at = differsAt === undefined ? [] : [`  asked for at ${where(differsAt)}`];
    return [...before, paint("red", printable(`✗ It differs from its history: ${outcome.reason}`)), ...at];
  }
  const fits = paint("green", "The code fits the history.");
  if (end !== undefined) return [...before, ...describeEnd(end), fits];
  if (asks.length > 0) {
    const asked = asks.map(({ text, place }) => `  ${withPlace(text, where(place))}`);
    return [...before, "It would go on with:", ...asked, fits];
  }
  const time = history.at(-1)?.timestamp ?? new Date(0);
  const state = { instanceId, runtimeStatus: status, executionId: undefined, createdTime: time, lastUpdatedTime: time };
  const found = describeWaits({ ...state, scheduledStartTime: undefined, waitNote: waits }, history);
  return [
    ...before,
    "It waits for:",
    ...found.waits.map((wait) => {
      return `  ${withPlace(formatWait(wait, { now: time.getTime(), shorten }), where(placeOf(wait, traced)))}`;
    }),
    ...(found.keptEvents.length === 0 ? [] : ["Events that it has not taken:"]),
    ...found.keptEvents.map((event) => `  ${printable(formatNamedEvents(event))}`),
    fits,
  ];
}

function withPlace(text: string, place: string): string {
  return `${printable(text)}${place === "" ? "" : `, asked for at ${place}`}`;
}

function placeOf(wait: InstanceWait, { places }: TracedReplay): string | undefined {
  if ("taskId" in wait) return places.ofAction(wait.taskId);
  return wait.kind === "event" && wait.name !== undefined ? places.ofWait(wait.name) : undefined;
}

function describeEnd({ status, result, failureDetails }: CompleteOrchestration): readonly string[] {
  if (failureDetails !== undefined) {
    return [
      `It ends: ${status}`,
      ...formatFailureTrace(failureDetails)
        .split("\n")
        .map((line) => `  ${printable(line)}`),
    ];
  }
  return [`It ends: ${status}${result === undefined ? "" : ` with ${printable(shorten(result, maxAlone))}`}`];
}

/** `charge (file:///app/src/orders.ts:3:5)` as `src/orders.ts:3:5`. */
function shortPlace(place: string, folder: string): string {
  const location = /^.*? \((.+)\)$/.exec(place)?.[1] ?? place;
  const [, file, position] = /^(.+?)(:\d+:\d+)$/.exec(location) ?? [];
  if (file === undefined) return place;
  const path = file.startsWith("file:") ? fileURLToPath(file) : file;
  const near = relative(folder, path);
  const shown = near === "" || near.startsWith("..") || isAbsolute(near) ? path : near.replaceAll("\\", "/");
  return `${shown}${position}`;
}
