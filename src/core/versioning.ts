import { DurableError } from "./errors.ts";

export const versionMatchStrategies = ["none", "strict", "currentOrOlder"] as const;
export const versionFailureStrategies = ["reject", "fail"] as const;

/**
 * Which instances a worker runs, by the version they were started with: all (`none`), those of exactly its own version
 * (`strict`), or those of its own and of older ones (`currentOrOlder`).
 */
export type VersionMatchStrategy = (typeof versionMatchStrategies)[number];

/** What becomes of the others: left to other workers (`reject`), or failed (`fail`). */
export type VersionFailureStrategy = (typeof versionFailureStrategies)[number];

/** Which instances a worker runs, by the version that they were started with. */
export interface VersioningOptions {
  /** Version of the orchestrations of this worker. */
  readonly version: string;
  /** @defaultValue "currentOrOlder" */
  readonly matchStrategy?: VersionMatchStrategy | undefined;
  /** @defaultValue "reject" */
  readonly failureStrategy?: VersionFailureStrategy | undefined;
}

/** @throws DurableError `InvalidOption` that names the option */
export function resolveVersioning(
  given: Partial<Record<keyof VersioningOptions, string | undefined>>,
): VersioningOptions | undefined {
  const { version, matchStrategy, failureStrategy } = given;
  if (version === undefined && matchStrategy === undefined && failureStrategy === undefined) return undefined;
  if (typeof version !== "string") {
    throw new DurableError("InvalidOption", `'version' must be a text, but got ${JSON.stringify(version)}`);
  }
  return {
    version,
    matchStrategy: choose("versionMatchStrategy", versionMatchStrategies, matchStrategy),
    failureStrategy: choose("versionFailureStrategy", versionFailureStrategies, failureStrategy),
  };
}

function choose<T extends string>(name: string, allowed: readonly T[], given: string | undefined): T | undefined {
  const found = allowed.find((value) => value === given);
  if (found !== undefined || given === undefined) return found;
  throw new DurableError("InvalidOption", `'${name}' must be ${allowed.join(", ")}, but got ${JSON.stringify(given)}`);
}

/**
 * Why an instance of `instanceVersion` is not for this worker; `undefined` when it is. The texts are those of the other
 * Durable Task SDKs.
 */
export function describeVersionMismatch(options: VersioningOptions, instanceVersion: string): string | undefined {
  const { version, matchStrategy = "currentOrOlder" } = options;
  if (matchStrategy === "none") return undefined;
  const order = compareVersions(instanceVersion, version);
  if (matchStrategy === "strict") {
    return order === 0
      ? undefined
      : `The orchestration version '${instanceVersion}' does not match the worker version '${version}'.`;
  }
  return order <= 0
    ? undefined
    : `The orchestration version '${instanceVersion}' is greater than the worker version '${version}'.`;
}

const numeric = /^\d+(?:\.\d+){0,3}$/;

/** No version comes before any; numbers compare part by part when both are numeric, else texts ignoring case. */
function compareVersions(a: string, b: string): number {
  if (a === "" || b === "") return Number(a !== "") - Number(b !== "");
  if (numeric.test(a) && numeric.test(b)) {
    const [left, right] = [a.split("."), b.split(".")];
    for (let part = 0; part < 4; part++) {
      const difference = Number(left[part] ?? 0) - Number(right[part] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  return left === right ? 0 : left < right ? -1 : 1;
}
