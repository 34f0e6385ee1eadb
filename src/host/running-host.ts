import type { FunctionApp } from "./app/function-app.ts";
import type { DurableEngine } from "./durable-engine.ts";

/** What a running host serves, for whoever shows it. */
export interface RunningHost {
  /** `http://localhost:7071`. */
  readonly origin: string;
  readonly app: FunctionApp;
  readonly orchestrationNames: readonly string[];
  /** The first that the app has registered. */
  readonly firstOrchestration: string | undefined;
  readonly activityNames: readonly string[];
  readonly entityNames: readonly string[];
  readonly engine: DurableEngine | undefined;
  /** Resolves, with what to say to the user, when the storage is gone for good. */
  readonly failed: Promise<string>;
  /** Where the keys are that callers need; `undefined` where they need none. */
  readonly keySource: string | undefined;
}

/** Work that had not ended when its host stopped. */
export interface CutOffWork {
  /** Calls of functions. */
  readonly calls: number;
  /** Activities, which run again. */
  readonly activities: number;
}
