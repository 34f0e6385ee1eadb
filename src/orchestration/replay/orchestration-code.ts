import type { DataConverter } from "../../core/payloads/data-converter.ts";
import type { StandardSchema } from "../../core/payloads/standard-schema.ts";
import type { VersioningOptions } from "../../core/versioning.ts";
import type { Orchestrator } from "../orchestrator.ts";

/** The code of one orchestration, and how its values are written. */
export interface OrchestrationCode {
  readonly orchestrator: Orchestrator;
  readonly dataConverter: DataConverter;
  readonly inputSchema?: StandardSchema | undefined;
  readonly outputSchema?: StandardSchema | undefined;
  /** Which instances it runs. @defaultValue those of every version */
  readonly versioning?: VersioningOptions | undefined;
}
