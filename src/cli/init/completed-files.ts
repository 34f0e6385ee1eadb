import { messageOf } from "../../core/errors.ts";

/** What becomes of a file that may be there already. */
export type Completed =
  | { readonly kind: "text"; readonly text: string }
  /** What is there says otherwise; `members` are in the way. */
  | { readonly kind: "conflict"; readonly members: readonly string[] };

type Members = Record<string, unknown>;

/** What `npm init -y` writes without having been asked. */
const npmDefaults: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["main", "index.js"],
  ["type", "commonjs"],
  ["scripts.test", 'echo "Error: no test specified" && exit 1'],
]);
const merged = ["scripts", "dependencies", "devDependencies", "engines"];

/**
 * package.json with what a new app needs. What somebody has written stays: where the app needs another value there, it
 * is in the way, unless `force`; versions of packages are never in the way.
 */
export function completeManifest(present: string | undefined, wanted: Members, force: boolean): Completed {
  let manifest: Members = {};
  try {
    if (present !== undefined) manifest = JSON.parse(present.replace(/^\uFEFF/, "")) as Members;
  } catch (error) {
    return { kind: "conflict", members: [messageOf(error)] };
  }
  const members: string[] = [];
  const complete = (target: Members, source: Members, path: string, isOpen: boolean): Members => {
    const result = { ...target };
    for (const [name, value] of Object.entries(source)) {
      const there = result[name];
      const isFree = there === undefined || there === value || npmDefaults.get(path + name) === there || force;
      if (isFree) result[name] = value;
      else if (!isOpen) members.push(path + name);
    }
    return result;
  };
  const { name, version, private: isPrivate, ...needed } = wanted;
  const flat = Object.fromEntries(Object.entries(needed).filter(([key]) => !merged.includes(key)));
  const head = present === undefined ? { name, version, private: isPrivate } : {};
  const result = complete({ ...head, ...manifest }, flat, "", false);
  for (const key of merged) {
    const source = needed[key] as Members | undefined;
    if (source === undefined) continue;
    const isOpen = key !== "scripts";
    const there = manifest[key] as Members | undefined;
    // A version that somebody has chosen stays even then.
    result[key] = isOpen ? { ...source, ...there } : complete(there ?? {}, source, `${key}.`, false);
  }
  if (members.length > 0) return { kind: "conflict", members };
  return { kind: "text", text: `${JSON.stringify(result, undefined, 2)}\n` };
}

/** .gitignore with the lines that a new app needs behind those that are there. */
export function completeLines(present: string | undefined, wanted: readonly string[]): string {
  if (present === undefined) return `${wanted.join("\n")}\n`;
  const bare = (line: string) => line.trim().replace(/^\/|\/$/g, "");
  const there = new Set(present.split(/\r?\n/).map(bare));
  const missing = wanted.filter((line) => !there.has(bare(line)));
  if (missing.length === 0) return present;
  const start = present === "" || present.endsWith("\n") ? present : `${present}\n`;
  return `${start}${missing.join("\n")}\n`;
}
