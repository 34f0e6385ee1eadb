/** The highest version that a range of an extension bundle allows; a part is infinite where nothing bounds it. */
export type HighestVersion = { readonly parts: readonly number[]; readonly isIncluded: boolean };

/**
 * Reads the upper bound of a NuGet range as host.json has it: `[4.*, 5.0.0)`, `[4.0.0]`, `(,4.20.0]`, `4.5.0`.
 *
 * @returns `undefined` for what is no range: the host will say so itself
 */
export function highestVersionOf(range: string): HighestVersion | undefined {
  const text = range.replaceAll(/\s/g, "");
  if (/^\d/.test(text)) return readVersion(text) && unbounded;
  const [, single] = /^\[([^,]+)\]$/.exec(text) ?? [];
  if (single !== undefined) return readVersion(single, true);
  const [, upper, end] = /^[[(][^,]*,([^,]*)([\])])$/.exec(text) ?? [];
  if (upper === undefined) return undefined;
  return upper === "" ? unbounded : readVersion(upper, end === "]");
}

/** `true` when the range lets the host take a version that is at least `wanted`. */
export function reaches({ parts, isIncluded }: HighestVersion, wanted: readonly number[]): boolean {
  for (const [index, part] of wanted.entries()) {
    const highest = parts[index] ?? 0;
    if (highest !== part) return highest > part;
  }
  return isIncluded;
}

const unbounded: HighestVersion = { parts: [Number.POSITIVE_INFINITY], isIncluded: true };

function readVersion(text: string, isIncluded = true): HighestVersion | undefined {
  if (!/^\d+(?:\.(?:\d+|\*))*(?:-.*)?$/.test(text)) return undefined;
  const [numbers = ""] = text.split("-");
  return {
    parts: numbers.split(".").map((part) => (part === "*" ? Number.POSITIVE_INFINITY : Number(part))),
    isIncluded,
  };
}
