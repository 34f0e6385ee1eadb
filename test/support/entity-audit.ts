import type { Execution } from "./hub-audit.ts";
import type { StoredRow } from "./hub-snapshot.ts";

/** What a hub must hold of an entity at rest. */
export interface ExpectedEntity {
  /** Its id as an instance. */
  readonly entity: string;
  /** JSON text. */
  readonly state: string;
}

/** What .NET keeps of an entity that has nothing to do: an execution that has only begun, with all it knows for input. */
const historyAtRest = "OrchestratorStarted,ExecutionStarted,OrchestratorCompleted";
const statusAtRest = '{"entityExists":true}';

export function judgeEntityAtRest(
  row: StoredRow | undefined,
  { sentinel, rows }: Execution,
  { entity, state }: ExpectedEntity,
): string[] {
  if (sentinel === undefined) return ["has no history"];
  if (row === undefined) return ["has no row"];
  const started = rows.find((each) => each["EventType"] === "ExecutionStarted");
  const scheduler = readScheduler(started?.["Input"]);
  const facts: readonly (readonly [what: string, found: unknown, wanted: unknown])[] = [
    ["history: the checkpoint's completeness", sentinel["IsCheckpointComplete"], true],
    ["history: its events", rows.map((each) => each["EventType"]).join(), historyAtRest],
    ["history: the name", started?.["Name"], entity],
    ["history: the state", scheduler["state"], state],
    ["history: the holder of the lock", scheduler["lockedBy"], undefined],
    ["history: the queue", scheduler["queue"], undefined],
    ["history: what waits for its predecessor", JSON.stringify(scheduler["sorter"] ?? "").includes("Buffered"), false],
    ["row: RuntimeStatus", row["RuntimeStatus"], "Running"],
    ["row: ExecutionId", row["ExecutionId"], sentinel["ExecutionId"]],
    ["row: Name", row["Name"], entity],
    ["row: Input", row["Input"], started?.["Input"]],
    ["row: CustomStatus", row["CustomStatus"], statusAtRest],
    ["row: CreatedTime", String(row["CreatedTime"]), String(started?.["_Timestamp"])],
    ["row: CompletedTime", row["CompletedTime"] ?? undefined, undefined],
    ["row: Output", row["Output"] ?? "null", "null"],
  ];
  return facts.flatMap(([what, found, wanted]) => (found === wanted ? [] : `${what} is ${found}, not ${wanted}`));
}

function readScheduler(input: unknown): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(String(input)) ?? {};
  } catch {
    return {};
  }
}
