import { DurableError, messageOf } from "./errors.ts";

/**
 * Refuses an option that nobody knows: a misspelt one would be passed over, and something else happen than was wished.
 *
 * @param what whose options they are, such as "startWorker"
 * @throws DurableError `InvalidOption` that names the option, and the one that was probably meant
 */
export function assertOptionNames(options: unknown, names: readonly string[], what: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options) || options instanceof Date) {
    const known = names.length > 3 ? `${names.slice(0, 3).join(", ")}, ...` : names.join(", ");
    const given = typeof options === "function" ? "a function" : messageOf(options);
    throw new DurableError("InvalidOption", `${what} needs an object with options ({ ${known} }), but got ${given}`);
  }
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const meant = findNearName(name, names);
    const hint = meant === undefined ? `it takes ${names.join(", ")}` : `did you mean '${meant}'?`;
    throw new DurableError("InvalidOption", `${what} has no option '${name}'; ${hint}`);
  }
}

/** The name that was probably meant by a misspelt one: one letter more, less, or other, or two that have changed places. */
export function findNearName(given: string, names: readonly string[]): string | undefined {
  return names.find((known) => isNear(known.toLowerCase(), given.toLowerCase()));
}

/** One letter more, less, or other, or two that have changed places. */
function isNear(known: string, given: string): boolean {
  let start = 0;
  while (start < known.length && known[start] === given[start]) start++;
  const [restKnown, restGiven] = [known.slice(start), given.slice(start)];
  if (restKnown === restGiven || restKnown.slice(1) === restGiven || restKnown === restGiven.slice(1)) return true;
  if (restKnown.slice(1) === restGiven.slice(1)) return true;
  const isSwapped = restKnown[0] === restGiven[1] && restKnown[1] === restGiven[0];
  return isSwapped && restKnown.slice(2) === restGiven.slice(2);
}
