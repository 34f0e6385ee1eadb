import type { OrchestrationClient } from "../core/orchestration-client.ts";
import type { TaskExecutor } from "../core/task-executor.ts";
import type { Registry } from "../worker/registry.ts";
import type { HostLog } from "./host-log.ts";
import type { DurableTaskSettings } from "./settings/durable-task-settings.ts";
import type { Environment } from "./settings/host-json.ts";

/** What runs the orchestrations of an app on some storage. The host is handed one and does not know what is behind it. */
export interface DurableEngine {
  readonly client: OrchestrationClient;
  /** The storage as people may see it, without secrets. */
  readonly storage: string;
  /** Resolves, with what to say to the user, when the engine cannot go on. */
  readonly failed: Promise<string>;
  /** The partitions of the hub that are served here; absent where nobody has to share them. */
  readonly partitions?: (() => readonly EnginePartition[]) | undefined;
  /** Resolves once it takes work. @throws DurableError when the storage cannot be used */
  start(): Promise<void>;
  /** Finishes or hands back what it works on; afterwards nothing of it runs. Never rejects. */
  stop(): Promise<void>;
}

/** A partition of a task hub that is served here. */
export interface EnginePartition {
  /** Its control queue. */
  readonly queue: string;
  /** When its queue was last asked for messages; `undefined` before the first time. */
  readonly lastPolledAt: Date | undefined;
}

export interface DurableEngineRequest {
  readonly appFolder: string;
  readonly settings: DurableTaskSettings;
  /** The functions of all `DFApp`s of the process. */
  readonly registries: readonly Registry[];
  /**
   * Puts an executor in front of the one that runs the registries, which is given: for functions that are no `DFApp`'s.
   *
   * @defaultValue none
   */
  readonly extendExecutor?: ((executor: TaskExecutor) => TaskExecutor) | undefined;
  /** How long a stop lets running activities finish, in milliseconds. @defaultValue 3,000 */
  readonly stopGraceMs?: number | undefined;
  readonly env: Environment;
  readonly log: HostLog;
}

/** Called at most once per host, and only for apps that have durable functions. @throws DurableError */
export type CreateDurableEngine = (request: DurableEngineRequest) => Promise<DurableEngine>;
