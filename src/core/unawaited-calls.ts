/** Most calls that one line names. */
const maxNamed = 5;

/** `'order' ended with 1 call that nobody waited for: sayHello`. @param calls names of what was called, at least one */
export function describeUnawaited(name: string, calls: readonly string[]): string {
  const noun = calls.length === 1 ? "1 call" : `${calls.length} calls`;
  return `'${name}' ended with ${noun} that nobody waited for: ${listFirst(calls)}`;
}

/** The first of them, and how many there are besides. */
export function listFirst(all: readonly string[]): string {
  const more = all.length - maxNamed;
  return `${all.slice(0, maxNamed).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
