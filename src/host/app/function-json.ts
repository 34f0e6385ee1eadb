import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../core/errors.ts";
import type { FunctionRegistration } from "./function-metadata.ts";

/** A folder of the app with a function.json: a function of the programming model before version 4. */
export interface FunctionFolder {
  /** The name of the folder is that of the function. */
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
  /** Absolute. */
  readonly scriptFile: string;
  /** Name of the export; `undefined` leaves it to the module. */
  readonly entryPoint: string | undefined;
  /** By name; `$return` is the result of the function. In the order of the file. */
  readonly bindings: FunctionRegistration["bindings"];
  readonly isDisabled: boolean;
}

/** A folder whose function.json says nothing that could be run. */
export interface FolderProblem {
  readonly name: string;
  readonly message: string;
}

/** The functions of an app's folders, by name, and what is wrong with the others. */
export async function findFunctionFolders(appFolder: string): Promise<{
  readonly folders: readonly FunctionFolder[];
  readonly problems: readonly FolderProblem[];
}> {
  const entries = await readdir(appFolder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory() && entry.name !== "node_modules").map(({ name }) => name);
  const folders: FunctionFolder[] = [];
  const problems: FolderProblem[] = [];
  for (const name of names.sort()) {
    const folder = join(appFolder, name);
    const text = await readFile(join(folder, "function.json"), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const read = readFunctionJson(text);
    if (typeof read === "string") {
      problems.push({ name, message: `${name}/function.json ${read}` });
      continue;
    }
    const { scriptFile, ...rest } = read;
    const path = await findScript(folder, name, scriptFile);
    if (path === undefined) {
      const message =
        scriptFile === undefined
          ? `the folder '${name}' has no index.js, no '${name}.js' and no one script else; name it as 'scriptFile' in function.json`
          : `'scriptFile' of ${name}/function.json names '${scriptFile}', which is not there. Has the app been built?`;
      problems.push({ name, message });
    } else folders.push({ name, folder, scriptFile: path, ...rest });
  }
  return { folders, problems };
}

/** What a function.json says; of an unusable one why it is. */
export function readFunctionJson(
  text: string,
): (Omit<FunctionFolder, "name" | "folder" | "scriptFile"> & { readonly scriptFile: string | undefined }) | string {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    return `is not JSON: ${messageOf(error)}`;
  }
  if (typeof json !== "object" || json === null) return "must be an object";
  const { bindings, scriptFile, entryPoint, disabled } = json as Readonly<Record<string, unknown>>;
  if (!Array.isArray(bindings)) return "has no list of 'bindings'";
  const named: Record<string, FunctionRegistration["bindings"][string]> = Object.create(null) as never;
  for (const binding of bindings as readonly unknown[]) {
    const { name, type } = (binding ?? {}) as { readonly name?: unknown; readonly type?: unknown };
    if (typeof name !== "string" || typeof type !== "string") return "has a binding without 'name' or 'type'";
    if (name in named) return `has two bindings that are called '${name}'`;
    named[name] = binding as FunctionRegistration["bindings"][string];
  }
  return {
    scriptFile: textOf(scriptFile),
    entryPoint: textOf(entryPoint),
    bindings: { ...named },
    isDisabled: disabled === true,
  };
}

/** As the Functions host looks for it: what is named, index, the name of the folder, the only script there is. */
async function findScript(folder: string, name: string, scriptFile: string | undefined): Promise<string | undefined> {
  const isScript = (file: string) => /\.[cm]?js$/i.test(file);
  const scripts = (await readdir(folder)).filter(isScript);
  const stems = scriptFile !== undefined ? [] : ["index", name];
  const named = stems.flatMap((stem) => ["js", "mjs", "cjs"].map((extension) => `${stem}.${extension}`));
  const only = scriptFile === undefined && scripts.length === 1 ? scripts : [];
  for (const candidate of [...(scriptFile === undefined ? [] : [scriptFile]), ...named, ...only]) {
    const path = join(folder, candidate);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() === true) return path;
  }
  return undefined;
}

/**
 * What a module runs when its function is called.
 *
 * @returns the export, or why there is none
 */
export function findEntryPoint(exported: unknown, entryPoint: string | undefined): object | string {
  const members = membersOf(exported);
  if (entryPoint !== undefined) {
    const named = members[entryPoint];
    return typeof named === "function" ? named : `exports no function '${entryPoint}', which function.json names`;
  }
  if (typeof exported === "function") return exported;
  const byDefault = members["default"];
  // A module of TypeScript in CommonJS has its default export one level down.
  const own = typeof byDefault === "object" && byDefault !== null ? membersOf(byDefault)["default"] : undefined;
  const functions = Object.values(members).filter((member) => typeof member === "function");
  const only = functions.length === 1 ? functions[0] : undefined;
  for (const candidate of [byDefault, own, only, members["run"], members["index"]]) {
    if (typeof candidate === "function") return candidate;
  }
  return "exports no function, or more than one: name one of them as 'entryPoint' in function.json";
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return (typeof value === "object" && value !== null) || typeof value === "function"
    ? (value as Readonly<Record<string, unknown>>)
    : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
