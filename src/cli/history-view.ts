import { formatFailureChain } from "../core/failure-details.ts";
import type { HistoryLine } from "../management/history-lines.ts";
import { describeFailure, failureJson } from "./instance-view.ts";
import { formatLength } from "./moment.ts";
import { Columns, printable, readPayload, shorten } from "./printable.ts";
import type { Terminal } from "./terminal.ts";

/** Longest message of a failure that is shown without `--full`. */
const maxMessage = 300;
/** Longest reason that is shown in its line. */
const maxReason = 60;

/** The lines of `durable history`. */
export function describeHistoryLines(
  lines: readonly HistoryLine[],
  { full, terminal }: { readonly full: boolean; readonly terminal: Pick<Terminal, "paint"> },
): readonly string[] {
  const begin = lines[0]?.time.getTime() ?? 0;
  const rows = lines.map((line) => [
    line.time.toISOString(),
    `+${formatLength(line.time.getTime() - begin)}`,
    line.kind,
    printable(describeWhat(line)),
    describeOutcome(line),
  ]);
  const [header, ...table] = new Columns().format([["TIME", "AFTER", "WHAT", "NAME", "OUTCOME"], ...rows]);
  return [
    terminal.paint("grey", header!),
    ...lines.flatMap((line, index) => [
      line.outcome === "failed" || line.outcome === "Failed" ? terminal.paint("red", table[index]!) : table[index]!,
      ...describeDetails(line, full).map((detail) => `    ${detail}`),
    ]),
  ];
}

/** What they were given is a reason, which people have written for people. */
const withReason: readonly HistoryLine["kind"][] = ["suspended", "resumed", "rewound", "terminated"];

/** What a line is about. */
export function describeWhat({ kind, name = "", instanceId, attempt, fireAt, input = "" }: HistoryLine): string {
  const parts = [
    withReason.includes(kind) ? shorten(input, maxReason) : name,
    attempt === undefined ? "" : `(attempt ${attempt})`,
    instanceId ?? "",
    fireAt === undefined ? "" : `due ${fireAt.toISOString()}`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}

function describeOutcome({ kind, time, answeredAt, outcome }: HistoryLine): string {
  if (answeredAt !== undefined) return `${outcome} after ${formatLength(answeredAt.getTime() - time.getTime())}`;
  if (outcome !== undefined) return outcome;
  return ["activity", "timer", "sub-orchestration", "entity call", "lock"].includes(kind) ? "open" : "";
}

function describeDetails({ kind, failure, input, result }: HistoryLine, full: boolean): readonly string[] {
  if (!full) return failure === undefined ? [] : [printable(shorten(formatFailureChain(failure), maxMessage))];
  return [
    ...(input === undefined || (withReason.includes(kind) && input.length <= maxReason)
      ? []
      : [`input:  ${printable(input)}`]),
    ...(result === undefined ? [] : [`result: ${printable(result)}`]),
    ...(failure === undefined ? [] : describeFailure(failure, { full }, "")),
  ];
}

/** A line in `durable history --json`. */
export function historyLineJson(line: HistoryLine, full: boolean): Readonly<Record<string, unknown>> {
  const { time, failure, input, result, ...others } = line;
  const { answeredAt, kind } = line;
  return {
    ...others,
    time,
    durationMs: answeredAt && answeredAt.getTime() - time.getTime(),
    failure: failure && failureJson(failure),
    ...(full && { input: withReason.includes(kind) ? input : readPayload(input), result: readPayload(result) }),
  };
}
