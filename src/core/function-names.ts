import { DurableError } from "./errors.ts";
import { findNearName } from "./option-names.ts";
import { assertNotReserved } from "./reserved-names.ts";

/**
 * Checks the name of an orchestration or activity that somebody defines or starts.
 *
 * @param what names the text in the error: `the name of an activity`
 * @throws DurableError `InvalidOption`
 */
export function assertDefinitionName(name: unknown, what: string): asserts name is string {
  const problem = describeNameProblem(name);
  if (problem !== undefined) throw new DurableError("InvalidOption", `${what} ${problem}`);
  assertNotReserved(name as string, what);
}

function describeNameProblem(name: unknown): string | undefined {
  if (typeof name !== "string") return `must be a non-empty text, but got ${JSON.stringify(name)}`;
  if (name === "") return "must not be empty";
  if (!name.isWellFormed()) return "must be well-formed Unicode (it holds a lone surrogate)";
  if (name.startsWith("@")) return `must not start with '@', which marks entities, but got '${name}'`;
  return undefined;
}

/** What {@link isFunctionName} asks for, for messages. */
export const functionNameRule = "1 to 128 letters, digits, '_' and '-', the first a letter, and not 'host'";

/** The rule of the Functions host for the names of all its functions. */
export function isFunctionName(name: unknown): name is string {
  return typeof name === "string" && /^[a-z][a-z0-9_-]{0,127}$/i.test(name) && name.toLowerCase() !== "host";
}

/** How many names of an app an error lists. */
const maxListed = 20;

/** The error for a function that an app does not have. @param registered names that it has */
export function unregisteredFunction(
  kind: "orchestration" | "activity",
  name: string,
  registered: readonly string[],
): DurableError {
  const listed = [...registered].sort().slice(0, maxListed);
  const more = registered.length > listed.length ? ` and ${registered.length - listed.length} more` : "";
  const has = listed.length === 0 ? "none at all" : `${listed.join(", ")}${more}`;
  const meant = findNearName(name, registered);
  const cure = meant === undefined ? "register it" : `did you mean '${meant}'? Register it`;
  return new DurableError(
    kind === "orchestration" ? "OrchestratorNotRegistered" : "ActivityNotRegistered",
    `no ${kind} named '${name}' is registered in this app; ${cure}, or correct the name (it has ${has})`,
  );
}
