import { escapedLength, isDotSegment, isEntityInstanceId, maxEscapedLength } from "./entity-id.ts";
import { DurableError } from "./errors.ts";
import type { Random } from "./ports.ts";

declare const outputType: unique symbol;

/** The id of an instance, which remembers what its orchestration returns, as it is stored. A text like any other. */
export type InstanceId<Output = unknown> = string & { readonly [outputType]?: Output };

/** Longest instance id that a client gives, in UTF-16 units. */
const maxInstanceIdLength = 256;

/** A fresh instance or execution id: 32 lower-case hex digits. */
export function createId(random: Random): string {
  return random.guid().replaceAll("-", "");
}

/**
 * Checks an id chosen by a caller, with the rules of the official client.
 *
 * @throws DurableError `InvalidInstanceId`
 */
export function assertInstanceId(instanceId: unknown): asserts instanceId is string {
  const problem = describeInstanceIdProblem(instanceId);
  if (problem !== undefined) throw new DurableError("InvalidInstanceId", problem);
}

/**
 * Checks the id of an instance that may be there: other programs start instances under ids that this package does not
 * give, with slashes, say.
 *
 * @throws DurableError `InvalidInstanceId`
 */
export function assertKnownInstanceId(instanceId: unknown): asserts instanceId is string {
  const problem = describeTextProblem(instanceId) ?? describeEntityProblem(instanceId);
  if (problem !== undefined) throw new DurableError("InvalidInstanceId", problem);
}

/**
 * Checks the id of what may be looked at: an instance that may be there, or an entity. Other programs give instances ids
 * that look like those of entities, too.
 *
 * @throws DurableError `InvalidInstanceId`
 */
export function assertReadableInstanceId(instanceId: unknown): asserts instanceId is string {
  const problem = describeTextProblem(instanceId);
  if (problem !== undefined) throw new DurableError("InvalidInstanceId", problem);
}

function describeTextProblem(instanceId: unknown): string | undefined {
  if (instanceId instanceof Promise)
    return "an instance id must be a string, but got a promise: await what gives the id";
  if (typeof instanceId !== "string") return `an instance id must be a string, but got ${typeof instanceId}`;
  if (instanceId.length === 0) return "an instance id must not be empty";
  if (instanceId.length > maxEscapedLength || escapedLength(instanceId) > maxEscapedLength) {
    return describeTooLong(
      instanceId,
      maxEscapedLength,
      " ('^', '/', '\\', '#', '?' and control characters count twice)",
    );
  }
  if (!instanceId.isWellFormed()) return "an instance id must be well-formed Unicode (it holds a lone surrogate)";
  return undefined;
}

function describeTooLong(instanceId: string, most: number, remark: string): string {
  return `an instance id may have at most ${most} characters${remark}, but this one has ${instanceId.length}`;
}

function describeEntityProblem(instanceId: unknown): string | undefined {
  const isEntity = typeof instanceId === "string" && isEntityInstanceId(instanceId);
  return isEntity ? "an instance id must not start with '@', which marks entities" : undefined;
}

function describeInstanceIdProblem(instanceId: unknown): string | undefined {
  const problem = describeTextProblem(instanceId) ?? describeEntityProblem(instanceId);
  if (problem !== undefined || typeof instanceId !== "string") return problem;
  if (instanceId.length > maxInstanceIdLength) return describeTooLong(instanceId, maxInstanceIdLength, "");
  if (isDotSegment(instanceId)) {
    return `an instance id must not be '${instanceId}': a URL that ends with it leads elsewhere, so that no link would find it`;
  }
  const forbidden = /[/\\#?\p{Cc}\u2028\u2029\p{Noncharacter_Code_Point}]/u.exec(instanceId);
  if (forbidden !== null) {
    const shown = /[/\\#?]/.test(forbidden[0]) ? `'${forbidden[0]}'` : "a control character";
    return `an instance id must not contain ${shown}; '/', '\\', '#', '?' and control characters are not allowed`;
  }
  return undefined;
}
