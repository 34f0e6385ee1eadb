import { isDurableError } from "../core/errors.ts";
import { silentLog } from "../core/ports.ts";
import { openChosenHub, readChosenHostJson, readEnvironment, resolveSettings } from "./hub-access.ts";
import type { HubDeleteOptions } from "./hub-options.ts";
import type { Terminal } from "./terminal.ts";

/** `durable hub delete`. Resolves to the exit code. */
export async function runHubDelete(options: HubDeleteOptions, terminal: Terminal): Promise<number> {
  try {
    const env = await readEnvironment(options);
    const settings = resolveSettings(await readChosenHostJson(options, env), env);
    const hub = await openChosenHub(options, settings, env, silentLog);
    try {
      await hub.client.deleteTaskHub({ force: options.force });
      const { taskHub } = hub.client;
      terminal.print(
        options.json
          ? JSON.stringify({ taskHub, deleted: true })
          : `Deleted task hub ${taskHub} in ${hub.storage}; the name is free again within a minute`,
      );
      return 0;
    } finally {
      await hub.close();
    }
  } catch (error) {
    if (!isDurableError(error)) throw error;
    terminal.fail(error.message);
    return 1;
  }
}
