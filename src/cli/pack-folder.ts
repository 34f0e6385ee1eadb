import { lstat, readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { findEntryFiles } from "../host/app/load-app.ts";
import { builtInIgnores, type IgnoreRule, parseIgnoreRules, ruleAgainst } from "./ignore-rules.ts";

/** Of a package.json, as far as it is looked at. */
export interface PackageManifest {
  readonly name?: string;
  readonly version?: string;
  readonly main?: unknown;
  readonly engines?: { readonly node?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A functions app in a folder, as deploying it would see it. Paths are relative, with slashes. */
export interface PackFolder {
  /** `undefined` when there is no such file. */
  readonly hostJson: string | undefined;
  /** `undefined` when there is none, a text when it is not JSON: what is wrong. */
  readonly manifest: PackageManifest | string | undefined;
  readonly hasFuncIgnore: boolean;
  readonly rules: readonly IgnoreRule[];
  readonly hasLocalSettings: boolean;
  /** What is deployed, with sizes in bytes. */
  readonly files: ReadonlyMap<string, number>;
  /** What `main` names, deployed or not. */
  readonly entryFiles: readonly string[];
  /** Links of the file system among what is deployed. */
  readonly links: readonly string[];
  /** Manifests of installed packages, by folder: `node_modules/@azure/functions`. */
  readonly packages: ReadonlyMap<string, PackageManifest>;
  /** Packages that the app's own modules import, and the first module that does. */
  readonly imports: ReadonlyMap<string, string>;
}

/** Reads a folder. Resolves to `undefined` when it is none. */
export async function readPackFolder(folder: string): Promise<PackFolder | undefined> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) return undefined;
  const read = (name: string) => readFile(join(folder, name), "utf8").catch(() => undefined);
  const [hostJson, manifestText, funcIgnore, localSettings] = await Promise.all([
    read("host.json"),
    read("package.json"),
    read(".funcignore"),
    read("local.settings.json"),
  ]);
  const manifest = manifestText === undefined ? undefined : parseManifest(manifestText);
  const rules = parseIgnoreRules(funcIgnore ?? "");
  const builtIn = parseIgnoreRules(builtInIgnores.map((name) => `/${name}`).join("\n"));
  const files = new Map<string, number>();
  const links: string[] = [];
  await walk(folder, "", { rules: [...builtIn, ...rules], files, links });
  const entryFiles = await readEntryFiles(folder, manifest);
  return {
    hostJson,
    manifest,
    hasFuncIgnore: funcIgnore !== undefined,
    rules,
    hasLocalSettings: localSettings !== undefined,
    files,
    entryFiles,
    links,
    packages: await readPackages(folder, files),
    imports: await readImports(folder, files),
  };
}

interface Walk {
  readonly rules: readonly IgnoreRule[];
  readonly files: Map<string, number>;
  readonly links: string[];
}

/** Links are followed, as Core Tools do, but for those that lead to a folder they are in. */
async function walk(root: string, folder: string, found: Walk, above: readonly string[] = []): Promise<void> {
  const inside = [...above, await realpath(join(root, folder))];
  for (const name of await readdir(join(root, folder))) {
    const path = folder === "" ? name : `${folder}/${name}`;
    const isLink = (await lstat(join(root, path))).isSymbolicLink();
    const target = await stat(join(root, path)).catch(() => undefined);
    if (target === undefined) continue;
    const isFolder = target.isDirectory();
    if (ruleAgainst(isFolder ? `${path}/` : path, found.rules) !== undefined) continue;
    if (isLink && !path.includes("node_modules/.bin/")) found.links.push(path);
    if (!isFolder) found.files.set(path, target.size);
    else if (!isLink || !inside.includes(await realpath(join(root, path)))) await walk(root, path, found, inside);
  }
}

function parseManifest(text: string): PackageManifest | string {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ""));
    return typeof value === "object" && value !== null ? value : "it is not a JSON object";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function readEntryFiles(folder: string, manifest: PackFolder["manifest"]): Promise<readonly string[]> {
  if (typeof manifest !== "object" || typeof manifest.main !== "string" || manifest.main === "") return [];
  const files = await findEntryFiles(folder, manifest.main).catch(() => []);
  return files.map((file) => relative(folder, file).split(sep).join("/"));
}

async function readPackages(
  folder: string,
  files: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, PackageManifest>> {
  const packages = new Map<string, PackageManifest>();
  for (const path of files.keys()) {
    const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^@/.][^/]*(?=\/package\.json$)/.exec(path);
    if (found === null) continue;
    const manifest = parseManifest(await readFile(join(folder, path), "utf8").catch(() => ""));
    if (typeof manifest === "object") packages.set(found[0], manifest);
  }
  return packages;
}

/** Read from the text: what is imported under a name that code makes up is not found. */
async function readImports(folder: string, files: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, string>> {
  const imports = new Map<string, string>();
  for (const path of files.keys()) {
    if (!/\.[cm]?js$/.test(path) || /(?:^|\/)node_modules\//.test(path)) continue;
    const text = await readFile(join(folder, path), "utf8").catch(() => "");
    for (const specifier of importsOf(text)) if (!imports.has(specifier)) imports.set(specifier, path);
  }
  return imports;
}

/** Names of packages that a module imports or requires. */
export function importsOf(text: string): readonly string[] {
  const code = text.replace(/^\s*(?:\/\/.*|\*.*)$/gm, "");
  const specifiers = [
    ...code.matchAll(/(?:^|[;}\s])(?:import|export)\s[^;'"()]*?\bfrom\s*["']([^"'\n]+)["']/g),
    ...code.matchAll(/(?:^|[;}\s])import\s*["']([^"'\n]+)["']/g),
    ...code.matchAll(/\b(?:import|require)\s*\(\s*["']([^"'\n]+)["']\s*\)/g),
  ].map((match) => match[1]!);
  const names = specifiers.flatMap((specifier) => {
    const found = /^(?:@[\w.-]+\/)?[\w][\w.-]*(?=\/|$)/.exec(specifier)?.[0];
    return found === undefined || specifier.includes(":") ? [] : [found];
  });
  return [...new Set(names)];
}
