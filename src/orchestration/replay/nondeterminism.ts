import { DurableError } from "../../core/errors.ts";

/** What a replay cannot repeat, for texts that name a likely cause. */
export const unrepeatable =
  "Math.random, Date.now, new Date, crypto.randomUUID, an environment variable, the state of a module, I/O";

/** How code is written that replay can repeat, and how an instance goes on once it is. */
const remedy =
  "Put a change of the code of running instances behind context.patched(...). Take times from context.currentUtcDateTime and ids from context.newGuid(), and move everything else of that kind into activities. Once the code fits again, rewind the instance to let it go on";

/**
 * The orchestrator does not do now what it did when its history was made.
 *
 * @param what both sides
 * @param cause of the mismatch, as far as it can be guessed
 */
export function nondeterminism(what: string, cause: string): DurableError {
  return new DurableError("NondeterministicOrchestration", `${what}. Likely cause: ${cause}. ${remedy}.`);
}
