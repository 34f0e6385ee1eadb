import { posix } from "node:path";
import type { TsConfig } from "./tsconfig.ts";

/** How an app is brought to run. Patterns and folders are relative to the app's, with slashes. */
export type RunPlan =
  /** `main` as it stands; whoever builds it does so himself. */
  | { readonly kind: "asIs"; readonly note: string | undefined }
  /** TypeScript without a build. */
  | {
      readonly kind: "sources";
      readonly main: string;
      /** `node` removes the types itself, `tsx` is a package that it loads before. */
      readonly runner: "node" | "tsx";
      /** Where builds go, which nobody looks at now. */
      readonly outDir: string | undefined;
    }
  /** The compiler of the project, before each start. */
  | { readonly kind: "compile"; readonly outDir: string | undefined; readonly isOfProjects: boolean }
  /** A script of package.json, before each start. */
  | { readonly kind: "script"; readonly script: string; readonly outDir: string | undefined }
  /** What has to be done first. */
  | { readonly kind: "impossible"; readonly text: string };

/** What a plan is made of. */
export interface ProjectFacts {
  readonly appFolder: string;
  readonly main: string | undefined;
  /** `imports` of package.json as a text: names inside the package, which may lead to what is built. */
  readonly imports: string;
  readonly scripts: readonly string[];
  readonly tsconfig: TsConfig | undefined;
  readonly hasTsx: boolean;
  readonly hasCompiler: boolean;
  readonly nodeVersion: string;
  readonly nodeRunsTypeScript: boolean;
  /** Asked for on the command line. */
  readonly build: string | undefined;
  /** Whether sources have syntax that this Node does not know and a compiler translates: decorators, `await using`. */
  readonly needTranslation: (pattern: string) => Promise<boolean>;
  /** Whether a pattern names files that are there. */
  readonly finds: (pattern: string) => Promise<boolean>;
}

/** Sources go before what is built of them where they run as they are; what is built by others is left to them. */
export async function planRun(facts: ProjectFacts): Promise<RunPlan> {
  const { main, tsconfig, build } = facts;
  const outDir = tsconfig?.outDir === undefined ? undefined : inside(facts.appFolder, tsconfig.outDir);
  if (build !== undefined) return planScript(facts, build);
  if (main !== undefined && isTypeScript(main)) return await planTypeScript(facts, main, outDir);
  if (tsconfig === undefined || tsconfig.noEmit) return { kind: "asIs", note: undefined };

  const isBuilt = main === undefined || outDir === undefined || isBelow(clean(main), outDir);
  if (!isBuilt) return { kind: "asIs", note: undefined };
  const sources = main === undefined ? undefined : await findSources(facts, main, outDir);
  if (sources !== undefined) {
    const runner = await findRunner(facts, sources);
    const leadsToBuilt = outDir !== undefined && facts.imports.includes(outDir);
    if (runner !== undefined && !leadsToBuilt) return { kind: "sources", main: sources, runner, outDir };
  } else if (outDir === undefined) {
    // JavaScript beside a tsconfig.json that is there for the editor.
    return { kind: "asIs", note: undefined };
  }
  if (facts.hasCompiler) return { kind: "compile", outDir, isOfProjects: tsconfig.hasReferences };
  return { kind: "asIs", note: "there is a tsconfig.json but no package typescript: what is built runs as it is" };
}

function planScript({ scripts, main = "" }: ProjectFacts, script: string): RunPlan {
  if (!scripts.includes(script)) {
    const names = scripts.length === 0 ? "none" : scripts.join(", ");
    return { kind: "impossible", text: `--build: package.json has no script '${script}' (there is: ${names})` };
  }
  const [first = ""] = clean(main).split("/");
  // What stands beside package.json is not built.
  const outDir = first !== clean(main) && !/[*{[?]/.test(first) ? first : undefined;
  return { kind: "script", script, outDir };
}

async function planTypeScript(facts: ProjectFacts, main: string, outDir: string | undefined): Promise<RunPlan> {
  const runner = (await findRunner(facts, main)) ?? (facts.nodeRunsTypeScript ? "node" : undefined);
  if (runner !== undefined) return { kind: "sources", main, runner, outDir };
  return { kind: "impossible", text: describeTypeScriptMain(main, facts.nodeVersion) };
}

/** What to do about `main` that names TypeScript, where nothing runs it. */
function describeTypeScriptMain(main: string, nodeVersion: string): string {
  return (
    `"main" names TypeScript (${main}), which Node ${nodeVersion.replace(/^v/, "")} does not run by itself. ` +
    'Install tsx (npm i -D tsx), or use Node 22.18 or later, or build with tsc and let "main" name what it has built.'
  );
}

/** Node alone where the compiler keeps the sources to what it runs; tsx runs the rest too. */
async function findRunner(facts: ProjectFacts, sources: string): Promise<"node" | "tsx" | undefined> {
  const isForNode = facts.nodeRunsTypeScript && facts.tsconfig?.isForNode === true;
  if (isForNode && !(await facts.needTranslation(sources))) return "node";
  return facts.hasTsx ? "tsx" : undefined;
}

/**
 * Whether a source has what is left when the types are gone and Node does not know: syntax, and imports by the name that
 * only the built file has. It errs towards yes, which costs a build.
 */
export function hasForeignSyntax(text: string, knowsUsing: boolean): boolean {
  const hasDecorators = /^[ \t]*@[\w$]+/m.test(text);
  const namesBuilt = /\b(?:from|import)\s*\(?\s*["']\.{1,2}\/[^"'\n]*\.[mc]?js["']/.test(text);
  return hasDecorators || namesBuilt || (!knowsUsing && /^[^/*]*\busing\s+[\w$]+\s*[=:]/m.test(text));
}

/** The pattern of the sources that `main` is built of; `undefined` when there are none where they are looked for. */
async function findSources(
  { appFolder, tsconfig, finds }: ProjectFacts,
  main: string,
  outDir: string | undefined,
): Promise<string | undefined> {
  const rest = outDir === undefined ? clean(main) : clean(main).slice(outDir.length).replace(/^\//, "");
  const given = tsconfig?.rootDir === undefined ? undefined : inside(appFolder, tsconfig.rootDir);
  // Without a rootDir it is where all sources are, by the compiler's own rule.
  const roots = tsconfig?.rootDir !== undefined ? [given] : outDir === undefined ? [""] : ["", "src"];
  for (const root of roots) {
    if (root === undefined) continue;
    const pattern = posix.join(root, toSources(rest));
    if (await finds(pattern)) return pattern;
  }
  return undefined;
}

/** `functions/*.js` as `functions/*.ts`; a folder as all sources below it. */
function toSources(pattern: string): string {
  const sources = pattern.replace(/(?<=[.{,])([mc]?)js(?=$|[,}])/g, "$1ts");
  return sources === pattern && !/[*?]|\.\w+$/.test(pattern) ? posix.join(pattern, "**/*.{ts,mts,cts}") : sources;
}

/** Whether `main` names TypeScript: `src/*.ts`, `src/{a,b}.mts`. */
export function isTypeScript(main: string): boolean {
  return /(?:^|[.{,])[mc]?ts(?:\}?$|,)/.test(main.trim()) && !/\.d\.[mc]?ts$/.test(main);
}

function clean(path: string): string {
  return path.replaceAll("\\", "/").replace(/^\.\//, "").replace(/\/$/, "");
}

/** A folder of the app, relative to it; "" for its own, `undefined` for one outside. */
function inside(appFolder: string, path: string): string | undefined {
  const relative = posix.relative(appFolder.replaceAll("\\", "/"), path.replaceAll("\\", "/"));
  return relative === ".." || relative.startsWith("../") || posix.isAbsolute(relative) ? undefined : relative;
}

function isBelow(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}
