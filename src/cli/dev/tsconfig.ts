import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { type JsonObject, memberOf, parseJsonWithComments, sectionOf } from "../../host/settings/host-json.ts";

/** What decides where the sources of an app are, and whether they can be run as they are. */
export interface TsConfig {
  /** Absolute. @defaultValue beside the sources */
  readonly outDir: string | undefined;
  /** Absolute. */
  readonly rootDir: string | undefined;
  readonly noEmit: boolean;
  /** The compiler keeps the sources to what Node runs by removing types, imports included. */
  readonly isForNode: boolean;
  /** It is built of several projects. */
  readonly hasReferences: boolean;
}

/** Reads tsconfig.json of a folder with what it extends; `undefined` without one. @throws DurableError when it is no JSON */
export async function readTsConfig(folder: string): Promise<TsConfig | undefined> {
  const path = join(folder, "tsconfig.json");
  const options = new Map<string, unknown>();
  const file = await readInto(options, path, folder, new Set());
  if (file === undefined) return undefined;
  const isOn = (name: string) => options.get(name) === true;
  const pathOf = (name: string) => {
    const value = options.get(name);
    return typeof value === "string" ? value : undefined;
  };
  return {
    outDir: pathOf("outDir"),
    rootDir: pathOf("rootDir"),
    noEmit: isOn("noEmit"),
    isForNode:
      isOn("erasableSyntaxOnly") &&
      isOn("verbatimModuleSyntax") &&
      (isOn("rewriteRelativeImportExtensions") || isOn("allowImportingTsExtensions")),
    hasReferences: Array.isArray(memberOf(file, "references")),
  };
}

/** What a file says goes before what it extends; paths are relative to the file that has them. */
async function readInto(
  options: Map<string, unknown>,
  path: string,
  configDir: string,
  seen: Set<string>,
): Promise<JsonObject | undefined> {
  if (seen.has(path)) return undefined;
  seen.add(path);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const file: JsonObject = parseJsonWithComments(text, path);
  for (const [name, value] of Object.entries(sectionOf(file, "compilerOptions"))) {
    if (options.has(name)) continue;
    const isPath = (name === "outDir" || name === "rootDir") && typeof value === "string";
    options.set(name, isPath ? resolve(dirname(path), value.replace(/^\$\{configDir\}/, configDir)) : value);
  }
  const parents = [memberOf(file, "extends")].flat().filter((parent) => typeof parent === "string");
  for (const parent of parents.reverse()) {
    const found = findParent(parent, path);
    if (found !== undefined) await readInto(options, found, configDir, seen);
  }
  return file;
}

/** A path, with or without `.json`, or a file of a package. */
function findParent(name: string, from: string): string | undefined {
  if (/^\.{0,2}[/\\]|^[A-Za-z]:/.test(name)) {
    const path = resolve(dirname(from), name);
    return path.endsWith(".json") ? path : `${path}.json`;
  }
  const { resolve: find } = createRequire(from);
  for (const candidate of [name, `${name}.json`, `${name}/tsconfig.json`]) {
    try {
      const path = find(candidate);
      if (path.endsWith(".json")) return path;
    } catch {
      // Another form of the name.
    }
  }
  return undefined;
}
