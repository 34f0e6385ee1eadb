import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { OrchestrationState } from "../core/orchestration-state.ts";
import type { Clock } from "../core/ports.ts";

/** Instances that a host finds at its start. */
export interface InstancesFound {
  readonly underWay: number;
  readonly failed: number;
  /** There may be more of either. */
  readonly isPartial: boolean;
}

/** Most instances that are counted. */
const maxInstances = 1000;
/** Most time that is spent on it, in milliseconds. */
const maxTimeMs = 3_000;

/**
 * Counts what is under way and what has failed, within limits of number and time: a line for people, for which nobody
 * waits and no storage shall be read for long. Inputs and outputs are not read, and entities not counted.
 */
export async function findInstances(
  client: Pick<OrchestrationClient, "queryInstances">,
  clock: Clock,
): Promise<InstancesFound> {
  const endsAt = clock.now() + maxTimeMs;
  const seen: OrchestrationState["runtimeStatus"][] = [];
  let continuationToken: string | undefined;
  do {
    const page = await client.queryInstances({
      runtimeStatus: ["Running", "Pending", "Suspended", "Failed"],
      pageSize: maxInstances - seen.length,
      continuationToken,
      fetchInput: false,
      fetchOutput: false,
    });
    seen.push(...page.instances.map(({ runtimeStatus }) => runtimeStatus));
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined && seen.length < maxInstances && clock.now() < endsAt);
  const failed = seen.filter((status) => status === "Failed").length;
  return { underWay: seen.length - failed, failed, isPartial: continuationToken !== undefined };
}

/** One line; `undefined` when there is nothing to tell. */
export function describeInstances({ underWay, failed, isPartial }: InstancesFound): string | undefined {
  if (underWay + failed === 0) return undefined;
  const noun = underWay === 1 ? "instance" : "instances";
  const counts = [
    ...(underWay > 0 ? [`${underWay} ${noun} running`] : []),
    ...(failed > 0 ? [`${failed} ${underWay > 0 ? "" : failed === 1 ? "instance " : "instances "}failed`] : []),
  ];
  return `${isPartial ? "At least " : ""}${counts.join(", ")}; \`durable ls\` shows ${underWay + failed === 1 ? "it" : "them"}`;
}
