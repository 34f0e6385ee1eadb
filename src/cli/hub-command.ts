import type { OpenTaskHub } from "../hosting/task-hub.ts";
import { withChosenHub } from "./hub-access.ts";
import type { HubDeleteOptions } from "./hub-options.ts";
import type { Terminal } from "./terminal.ts";

/** `durable hub delete`. Resolves to the exit code. */
export function runHubDelete(options: HubDeleteOptions, terminal: Terminal): Promise<number> {
  const remove = async ({ client, storage }: OpenTaskHub) => {
    await client.deleteTaskHub({ force: options.force });
    const { taskHub } = client;
    terminal.print(
      options.json
        ? JSON.stringify({ taskHub, deleted: true })
        : `Deleted task hub ${taskHub} in ${storage}; the name is free again within a minute`,
    );
    return 0;
  };
  return withChosenHub(options, terminal, remove, { mayBeMissing: true });
}
