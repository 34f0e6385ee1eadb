/** Files of a folder, by path, with what changes when their content does. */
export type Stamps = ReadonlyMap<string, string>;

/** What was added, changed or removed between two looks, sorted. */
export function changedFiles(before: Stamps, after: Stamps): readonly string[] {
  const changed = [...after].filter(([path, stamp]) => before.get(path) !== stamp).map(([path]) => path);
  const removed = [...before.keys()].filter((path) => !after.has(path));
  return [...changed, ...removed].sort();
}

/** `src/a.ts`, `src/a.ts and src/b.ts`, `src/a.ts and 4 more files`. */
export function nameChanges(files: readonly string[]): string {
  const [first = "nothing", second] = files;
  if (second === undefined) return first;
  return files.length === 2 ? `${first} and ${second}` : `${first} and ${files.length - 1} more files`;
}

/** `0.4 s`; from ten seconds on without a fraction. */
export function formatSeconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
