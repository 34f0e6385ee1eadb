import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { Script } from "node:vm";
import { DurableError, messageOf } from "../../core/errors.ts";
import { findEntryFiles } from "../../host/app/load-app.ts";
import { hasForeignSyntax, type ProjectFacts } from "./run-plan.ts";
import { readTsConfig } from "./tsconfig.ts";

/** What a folder has for running and building its app. */
export interface Project {
  readonly facts: ProjectFacts;
  /** URL of what Node imports first to run TypeScript; `undefined` without the package tsx. */
  readonly tsx: string | undefined;
  /** The compiler of the project. */
  readonly compiler: string | undefined;
}

/** Looks at the folder of an app. @throws DurableError `HostStartFailed` when package.json or tsconfig.json is no JSON */
export async function readProject(appFolder: string, build: string | undefined): Promise<Project> {
  const manifest = await readManifest(appFolder);
  const { main, imports, scripts } = manifest;
  const require = createRequire(join(appFolder, "package.json"));
  const tsx = findModule(require, "tsx");
  const compiler = findCompiler(require);
  const tsconfig = await readTsConfig(appFolder);
  return {
    tsx: tsx && pathToFileURL(tsx).href,
    compiler,
    facts: {
      appFolder,
      main: typeof main === "string" && main !== "" ? main : undefined,
      imports: imports === undefined ? "" : JSON.stringify(imports),
      scripts: typeof scripts === "object" && scripts !== null ? Object.keys(scripts) : [],
      tsconfig,
      hasTsx: tsx !== undefined,
      hasCompiler: compiler !== undefined,
      nodeVersion: process.version,
      nodeRunsTypeScript: Boolean((process.features as { typescript?: unknown }).typescript),
      build,
      needTranslation: (pattern) => needTranslation(appFolder, pattern, tsconfig?.rootDir),
      finds: async (pattern) => (await findEntryFiles(appFolder, pattern, true)).length > 0,
    },
  };
}

/** Looks at the files of a pattern, and at all below the folder that the sources are said to be in. */
async function needTranslation(appFolder: string, pattern: string, rootDir: string | undefined): Promise<boolean> {
  const root = rootDir === undefined ? "" : relative(appFolder, rootDir).split(sep).join("/");
  const isOwnFolder = root !== "" && !root.startsWith("..");
  const named = await findEntryFiles(appFolder, pattern, true);
  const others = isOwnFolder ? await findEntryFiles(appFolder, `${root}/**/*.{ts,mts,cts}`, true) : [];
  const texts = await Promise.all([...new Set([...named, ...others])].map((file) => readFile(file, "utf8")));
  return texts.some((text) => hasForeignSyntax(text, nodeKnowsUsing()));
}

/** Whether this Node has explicit resource management, as Node 24 has. */
function nodeKnowsUsing(): boolean {
  try {
    new Script("{ using nothing = null; }");
    return true;
  } catch {
    return false;
  }
}

async function readManifest(appFolder: string): Promise<Record<string, unknown>> {
  const text = await readFile(join(appFolder, "package.json"), "utf8").catch(() => "{}");
  try {
    return JSON.parse(text.replace(/^\uFEFF/, "")) as Record<string, unknown>;
  } catch (cause) {
    throw new DurableError("HostStartFailed", `package.json is not JSON: ${messageOf(cause)}`, { cause });
  }
}

/** The script behind `tsc`, in every version of the package. */
function findCompiler(require: NodeJS.Require): string | undefined {
  const manifest = findModule(require, "typescript/package.json");
  if (manifest === undefined) return undefined;
  const { bin } = require(manifest) as { readonly bin?: { readonly tsc?: string } };
  return bin?.tsc === undefined ? undefined : join(dirname(manifest), bin.tsc);
}

function findModule(require: NodeJS.Require, name: string): string | undefined {
  try {
    return require.resolve(name);
  } catch {
    return undefined;
  }
}
