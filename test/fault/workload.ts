import type { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import type { Registry } from "../../src/worker/registry.ts";
import type { Expected } from "../support/hub-audit.ts";

/** What the functions of a workload may know of the world. */
export interface World {
  /** Outlives the process: what was recorded before it died stays. */
  record(run: string): void;
  /** `true` once the workload's {@link Workload.drive} has said so. */
  isRepaired(): boolean;
}

/** What drives a workload from outside. */
export interface Stage {
  readonly client: TaskHubClient;
  repair(): void;
}

/** Some orchestrations, how they are set going, and what must be left when they have ended. */
export interface Workload {
  readonly name: string;
  register(registry: Registry, world: World): void;
  /** Before any worker runs. */
  prepare(client: TaskHubClient): Promise<void>;
  /** While workers run and die. */
  drive?(stage: Stage): Promise<void>;
  /**
   * Calls of a client that lives in the worker's process and dies with it; made again by the process that comes next, as
   * a caller would who got no answer. In place of {@link prepare}.
   */
  host?(stage: Stage): Promise<void>;
  readonly expected: readonly Expected[];
  /**
   * A start whose instance was purged or started anew meanwhile waits for its row, until its tenth delivery: its client
   * may be between the message and the row.
   */
  readonly mayLeaveStarts?: true;
  /** Of many writes of one kind only some are worth a run each. @defaultValue all are */
  readonly sampleOf?: number;
  /** How long messages stay hidden; more work needs more. @defaultValue what the stage says */
  readonly visibilityTimeoutMs?: number;
}

/** An activity that says its name and input to the world. */
export function recorded<Input, Output>(
  world: World,
  name: string,
  run: (input: Input) => Output,
): { name: string; activity: (input: Input, context: { readonly instanceId: string }) => Output } {
  return {
    name,
    activity: (input, { instanceId }) => {
      const text = JSON.stringify(input) ?? "";
      // A generated id is another in each run.
      const id = instanceId.replace(/^[0-9a-f]{32}(?=:)/, "*");
      world.record(`${name}(${text.length > 100 ? text.length : text}) for ${id}`);
      return run(input);
    },
  };
}

/** Polls until a status read shows what is waited for. @throws Error after a minute, with what it shows instead */
export async function waitForStatus(client: TaskHubClient, instanceId: string, wanted: string | RegExp): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const state = await client.getInstance(instanceId, { fetchInput: false });
    const shown = [state?.runtimeStatus ?? "missing", state?.customStatus ?? ""];
    if (shown.some((text) => (typeof wanted === "string" ? text === wanted : wanted.test(text)))) return;
    if (performance.now() > deadline) throw new Error(`${instanceId} shows ${shown.join(" ")} instead of ${wanted}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
