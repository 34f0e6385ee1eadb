import { basename, extname, relative, sep } from "node:path";
import { parseIgnoreRules, ruleAgainst } from "../ignore-rules.ts";
import type { RunPlan } from "./run-plan.ts";

const extensions = new Set([
  ...[".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"],
  ...[".json", ".jsonc", ".node", ".wasm"],
]);
const typeScript = /\.(?:[mc]?ts|tsx)$/;

export interface WatchedPathsOptions {
  readonly appFolder: string;
  readonly plan: RunPlan;
  /** Patterns as in .gitignore, of the user. */
  readonly ignore: readonly string[];
  /** Whether a file is there. @param path absolute */
  readonly exists: (path: string) => boolean;
}

/**
 * Whether changes of a path mean nothing: packages, folders that begin with a dot, files that no app is made of, what is
 * built here and what the user has excepted. Where others build, their results count and the sources do not.
 *
 * @returns a test for absolute paths
 */
export function createIgnoreTest(options: WatchedPathsOptions): (path: string, isFolder: boolean) => boolean {
  const { appFolder, plan, exists } = options;
  const rules = parseIgnoreRules(options.ignore.join("\n"));
  const outDir = "outDir" in plan ? plan.outDir : undefined;
  return (path, isFolder) => {
    const name = basename(path);
    const place = relative(appFolder, path).split(sep).join("/");
    if (ruleAgainst(isFolder ? `${place}/` : place, rules) !== undefined) return true;
    if (isFolder) return name === "node_modules" || name.startsWith(".") || (!!outDir && place === outDir);
    if (/^\.env(?:\.|$)/.test(name)) return false;
    if (!extensions.has(extname(name)) || name === "package-lock.json") return true;
    if (plan.kind === "asIs") return typeScript.test(name) && !place.startsWith("../");
    // What the compiler writes beside its sources.
    const source = path.replace(/\.([mc]?)js$/, ".$1ts");
    return plan.kind === "compile" && source !== path && exists(source);
  };
}
