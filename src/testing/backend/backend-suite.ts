import { describe } from "vitest";
import { describeActivities } from "./activities.ts";
import { describeCheckpoints } from "./checkpoints.ts";
import { describeEntities } from "./entities.ts";
import { backendTest, type OpenBackend } from "./hub-under-test.ts";
import { describeInstanceRows } from "./instance-rows.ts";
import { describeInstances } from "./instances.ts";
import { describeLifecycle } from "./lifecycle.ts";
import { describeLocks } from "./locks.ts";
import { describeMessages } from "./messages.ts";
import { describeOrchestrations } from "./orchestrations.ts";
import { describePayloads } from "./payloads.ts";
import { describePurges } from "./purges.ts";
import { describeQueries } from "./queries.ts";
import { describeRewind } from "./rewind.ts";
import { describeRuns } from "./runs.ts";
import { describeSlots } from "./slots.ts";

/**
 * What every backend must do, whatever it stores into: each promise of `Backend` and `TaskHubStore` that can be seen from
 * outside. Each test gets a hub of its own; several tests run at a time.
 *
 * @param open opens a fresh hub
 * @example
 * describeBackend("memory", async (options) => {
 *   const clock = new SteppedClock();
 *   const hub = new MemoryTaskHub({ clock, ...options });
 *   return {
 *     backend: hub,
 *     store: hub,
 *     clock,
 *     openAnother: async () => hub,
 *     expireLocks: async () => hub.expireLocks(),
 *     close: () => hub.deleteTaskHub(),
 *   };
 * });
 */
export function describeBackend(name: string, open: OpenBackend): void {
  const it = backendTest(open);
  describe.concurrent(`backend: ${name}`, () => {
    describeLifecycle(it);
    describeMessages(it);
    describeOrchestrations(it);
    describeActivities(it);
    describeLocks(it);
    describeRuns(it);
    describeCheckpoints(it);
    describeInstances(it);
    describeInstanceRows(it);
    describeQueries(it);
    describePurges(it);
    describePayloads(it);
    describeRewind(it);
    describeEntities(it);
    describeSlots(it);
  });
}
