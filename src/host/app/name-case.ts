/** A file whose path says a name in another case than its folder. */
export interface OtherCase {
  readonly given: string;
  readonly actual: string;
}

/**
 * Where a path and the names in its folders differ in case alone, which Windows and macOS take and Linux does not.
 *
 * @param path relative to the app, with slashes
 * @param list the names in a folder, which is relative to the app too; `""` is the app itself
 */
export async function findOtherCase(
  path: string,
  list: (folder: string) => Promise<readonly string[]>,
): Promise<OtherCase | undefined> {
  const actual: string[] = [];
  for (const name of path.split("/")) {
    const names = await list(actual.join("/"));
    const found = names.includes(name) ? name : names.find((other) => foldCase(other) === foldCase(name));
    // Another spelling of the same characters (macOS), a link or a folder outside: not a question of case.
    if (found === undefined) return undefined;
    actual.push(found);
  }
  const shown = actual.join("/");
  return shown === path ? undefined : { given: path, actual: shown };
}

/** A glob that finds a folder of another case too: a folder that is plainly named would be looked into as it is. */
export function withFoldersOfAnyCase(pattern: string): string {
  return pattern.replace(/(?<=^|\/)[\w-][\w.-]*(?=\/)/g, "@($&)");
}

function foldCase(name: string): string {
  return name.toLowerCase();
}
