import { expect } from "vitest";
import type { ImportedPackage } from "./run-app.ts";

/**
 * What an app sees differently once it imports this package. Each is meant so: what is quoted here is from
 * docs/migrating-from-durable-functions.md. All else that the apps show is the same.
 */
type Difference<Value> = Readonly<Record<ImportedPackage, Value>>;

/** "Texts of failures name the task in other words": those of 3.x are of its extension. */
export const failureOfActivity: Difference<(name: string, message: string) => string> = {
  "durable-functions": (name, message) => `Activity function '${name}' failed: ${message} `,
  "durable-functions-ts": (name, message) => `activity '${name}' failed: ${message}`,
};

export const failureOfUnknownActivity: Difference<string> = {
  "durable-functions":
    "The function 'nobody' doesn't exist, is disabled, or is not an activity function. Additional info: The following are the known activity functions: 'attemptsOf', 'flaky'.",
  "durable-functions-ts": "activity 'nobody' failed: no activity named 'nobody' is registered in this app",
};

export const failureOfChild: Difference<string> = {
  "durable-functions":
    "Orchestrator function 'failsWithChild' failed: Orchestrator function 'hopeless' failed: never works",
  "durable-functions-ts": "TaskFailedError: sub-orchestration 'hopeless' failed: never works",
};

export const failureOfNestedLock: Difference<string> = {
  "durable-functions":
    "Orchestrator function 'nested' failed: Cannot acquire more locks when already holding some locks.",
  "durable-functions-ts":
    "LockingRulesViolationError: lock() was called while the orchestrator holds the locks of '@account@n'; name all entities in one lock(), or release that lock first",
};

/**
 * "A failed operation of an entity": with 3.x its state stays half changed. There the library takes nothing back; here
 * the engine does.
 */
export const failedOperation: Difference<{ readonly failure: string; readonly after: number }> = {
  "durable-functions": { failure: "too much", after: 99 },
  "durable-functions-ts": { failure: "entity '@counter@k1' operation 'setAndFail' failed: too much", after: 12 },
};

/** "A start without an input": with 3.x its input is the empty text. */
export const noInput: Difference<string | null> = { "durable-functions": "", "durable-functions-ts": null };

/** "Errors of the client" have a code, and texts that say the same in other words. */
export const failureOfUnknownInstance: Difference<{ readonly status: unknown; readonly event: unknown }> = {
  "durable-functions": {
    status: expect.stringContaining("could not find any data associated with the instanceId provided: nobody."),
    event: "No instance with ID 'nobody' found.",
  },
  "durable-functions-ts": {
    status: "there is no instance 'nobody'",
    event: expect.stringMatching(/^no instance 'nobody' exists in task hub '\w+'$/),
  },
};

/** Orchestrations and activities are no functions of the host, as no extension calls them; its start lists them. */
export const listedFunctions: Difference<readonly string[]> = {
  "durable-functions": ["greet", "greetCities", "start"],
  "durable-functions-ts": ["start"],
};
