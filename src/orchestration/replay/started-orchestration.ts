import type { ExecutionStarted } from "../../core/history-event.ts";
import type { DataConverter } from "../../core/payloads/data-converter.ts";
import { validateSync } from "../../core/payloads/standard-schema.ts";
import { describeVersionMismatch } from "../../core/versioning.ts";
import type { OrchestrationCode } from "./orchestration-code.ts";

/** The code of one execution, with the event that started it. */
export class StartedOrchestration {
  readonly started: ExecutionStarted;
  readonly code: OrchestrationCode;

  constructor(started: ExecutionStarted, code: OrchestrationCode) {
    this.started = started;
    this.code = code;
  }

  get dataConverter(): DataConverter {
    return this.code.dataConverter;
  }

  /** The input as user code gets it. @throws DurableError `InvalidPayload` */
  readInput(): unknown {
    const what = `the input of orchestration '${this.started.name}'`;
    return validateSync(this.code.inputSchema, this.dataConverter.deserialize(this.started.input, what), what);
  }

  /** @throws DurableError `InvalidPayload` */
  writeOutput(value: unknown): string | undefined {
    const what = `the output of orchestration '${this.started.name}'`;
    return this.dataConverter.serialize(validateSync(this.code.outputSchema, value, what), what);
  }

  /** Why this worker must not run it, if it must not. */
  describeVersionMismatch(): string | undefined {
    const { versioning } = this.code;
    return versioning === undefined ? undefined : describeVersionMismatch(versioning, this.started.version ?? "");
  }
}
