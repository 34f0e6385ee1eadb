import { isDurableError } from "../core/errors.ts";
import { systemClock } from "../core/system-ports.ts";
import { endedStatuses } from "../engine/purge-many.ts";
import type { TaskHubClient } from "../engine/task-hub-client.ts";
import { withChosenHub } from "./hub-access.ts";
import type { PurgeCommandOptions } from "./purge-options.ts";
import type { Terminal } from "./terminal.ts";

/** `durable purge`. Resolves to the exit code. */
export function runPurge(options: PurgeCommandOptions, terminal: Terminal): Promise<number> {
  return withChosenHub(options, terminal, ({ client }) => purge(client, options, terminal));
}

async function purge(client: TaskHubClient, options: PurgeCommandOptions, terminal: Terminal): Promise<number> {
  const { taskHub } = client;
  const { dryRun, json } = options;
  const { count, problems } = await (options.instanceIds.length > 0
    ? purgeIds(client, options)
    : purgeBy(client, options));
  for (const problem of problems) terminal.fail(problem);
  if (json) {
    terminal.print(JSON.stringify(dryRun ? { taskHub, matching: count, dryRun } : { taskHub, deleted: count }));
  } else {
    const what = `${count} ${count === 1 ? "instance" : "instances"} of task hub ${taskHub}`;
    terminal.print(dryRun ? `${what} would be purged` : `Purged ${what}`);
  }
  return problems.length === 0 ? 0 : 1;
}

interface Outcome {
  readonly count: number;
  readonly problems: readonly string[];
}

async function purgeBy(client: TaskHubClient, options: PurgeCommandOptions): Promise<Outcome> {
  const { olderThanMs, statuses, createdBefore, instanceIdPrefix, name, recursive } = options;
  const query = {
    completedTimeTo: olderThanMs === undefined ? undefined : new Date(systemClock.now() - olderThanMs),
    runtimeStatus: statuses,
    createdTimeTo: createdBefore,
    instanceIdPrefix,
    name,
  };
  const count = options.dryRun
    ? await client.countInstances({ ...query, runtimeStatus: endedStatuses(statuses) })
    : await client.purgeBy({ ...query, recursive });
  return { count, problems: [] };
}

/** An instance that cannot be purged does not keep the others. */
async function purgeIds(client: TaskHubClient, options: PurgeCommandOptions): Promise<Outcome> {
  const { instanceIds, recursive, force, dryRun } = options;
  const problems: string[] = [];
  let count = 0;
  for (const instanceId of instanceIds) {
    try {
      const purged = await (dryRun ? find(client, instanceId) : client.purge(instanceId, { recursive, force }));
      if (purged === 0) problems.push(`There is no instance '${instanceId}'`);
      count += purged;
    } catch (error) {
      if (!isDurableError(error, "InstanceNotActive") && !isDurableError(error, "InvalidInstanceId")) throw error;
      problems.push(error.message);
    }
  }
  return { count, problems };
}

async function find(client: TaskHubClient, instanceId: string): Promise<number> {
  const state = await client.getInstance(instanceId, { fetchInput: false, fetchOutput: false });
  return state === undefined ? 0 : 1;
}
