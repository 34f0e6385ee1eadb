import { DurableError } from "../core/errors.ts";
import type { NewInstance } from "./backend.ts";

/** What a creator finds under its id. */
export interface PresentInstance {
  /** Id of its latest execution. */
  readonly executionId: string | undefined;
  /** The execution that its creator started, which a continue-as-new leaves behind. @defaultValue not known */
  readonly startedAs?: string | undefined;
}

/**
 * What a creator has to do, given the instance that it finds under its id. Several may create one id at a time: whose
 * instance is stored has won.
 *
 * @param present `undefined` when there is none
 * @throws DurableError `InstanceAlreadyExists` to whoever has lost
 */
export function nextCreationStep(
  { event, replaces }: NewInstance,
  present: PresentInstance | undefined,
): "write" | "written" {
  const { instanceId, executionId } = event.orchestrationInstance;
  if (present === undefined) return "write";
  // An earlier attempt, whose answer was lost; the instance may have continued as new since.
  if (present.executionId === executionId || present.startedAs === executionId) return "written";
  if (replaces !== undefined && present.executionId === replaces.executionId) return "write";
  throw new DurableError(
    "InstanceAlreadyExists",
    `an instance '${instanceId}' was created by another client at the same time; choose another id, or wait until it has ended`,
  );
}
