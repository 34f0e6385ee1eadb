import type { EventLog } from "../../../core/event-log.ts";
import type { PartitionLease } from "./partition-lease.ts";

const mostTold = 1000;
/** What the Functions host calls a hub that no host.json names. */
const unnamedHub = "TestHubName";

/** Tells of each other worker of a hub, once: two apps share a hub by mistake when neither has named its own. */
export class OtherWorkers {
  readonly #log: EventLog;
  readonly #told = new Set<string>();

  constructor(log: EventLog) {
    this.#log = log;
  }

  tell(taskHub: string, workerIds: readonly string[]): void {
    for (const other of workerIds) {
      if (this.#told.has(other)) continue;
      if (this.#told.size >= mostTold) this.#told.clear();
      this.#told.add(other);
      const text =
        `another worker, ${other}, works on the task hub '${taskHub}' too. Workers of one hub must run the same app: ` +
        "give each app a hub of its own (hubName in host.json)";
      // Under the name that a hub has when nobody has named it, the other one may well be another app.
      this.#log.write(taskHub === unnamedHub ? "UnnamedHubShared" : "OtherWorkerFound", text, {});
    }
  }
}

/** Who has, or asks for, a partition besides `workerId`. */
export function othersOf(leases: readonly PartitionLease[], workerId: string): readonly string[] {
  const ids = leases.flatMap(({ owner, nextOwner }) => [owner ?? [], nextOwner ?? []].flat());
  return [...new Set(ids)].filter((id) => id !== workerId);
}
