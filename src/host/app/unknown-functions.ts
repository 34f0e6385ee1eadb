import { findNearName } from "../../core/option-names.ts";

/** Names of functions that were asked for and that the app does not have. */
export interface UnknownFunction {
  readonly name: string;
  readonly text: string;
}

/**
 * What a list of the functions to serve (`--functions`, or `functions` of host.json) names in vain.
 *
 * @param source where the list stands, for the text
 * @param known all functions of the app, compared ignoring case
 */
export function describeUnknownFunctions(
  listed: readonly string[],
  source: string,
  known: readonly string[],
): readonly UnknownFunction[] {
  return listed.flatMap((name) => {
    if (known.some((each) => each.toLowerCase() === name.toLowerCase())) return [];
    const meant = findNearName(name, known);
    const has = known.length === 0 ? "none" : [...new Set(known)].sort().join(", ");
    const hint = meant === undefined ? `the app has ${has}` : `did you mean '${meant}'?`;
    return [{ name, text: `${source} names '${name}', which the app does not have; ${hint}` }];
  });
}
