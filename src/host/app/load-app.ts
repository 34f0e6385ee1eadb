import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, join, posix, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { glob } from "tinyglobby";
import { DurableError, messageOf } from "../../core/errors.ts";
import { formatThrown } from "../../core/failure-trace.ts";
import type { FunctionsCore } from "./functions-core.ts";
import { findOtherCase, withFoldersOfAnyCase } from "./name-case.ts";
import { describeTestMode, watchTestMode } from "./test-mode.ts";

export interface LoadedApp {
  /** Entry files, absolute, in the order they were loaded. */
  readonly files: readonly string[];
  /** What the library says it can do; `HttpUri` is where it takes streamed requests. */
  readonly capabilities: Readonly<Record<string, string>>;
}

const defaultCapabilities = [
  "RawHttpBodyBytes",
  "RpcHttpTriggerMetadataRemoved",
  "RpcHttpBodyOnly",
  "IgnoreEmptyValuedRpcHttpHeaders",
  "UseNullableValueDictionaryForHttp",
  "WorkerStatus",
  "TypedDataCollection",
  "HandlesWorkerTerminateMessage",
];

/** Which app is loaded. */
export interface AppPlace {
  readonly appFolder: string;
  /** Names the entry files in place of `main` of package.json, as a glob too. */
  readonly main?: string | undefined;
}

/** Functions that folders of the app declare by a function.json. */
export interface DeclaredFunctions {
  /** Resolves to whether there are any. */
  find(appFolder: string): Promise<boolean>;
  /** Loads them, after the code of the app. Resolves to their scripts. */
  register(isModule: boolean): Promise<readonly string[]>;
}

/**
 * Loads the app of a folder in the order of the genuine worker: entry files one after another, `appStart` hooks (also
 * when an entry file threw), functions that are declared by a function.json, capabilities, and then registration is
 * closed.
 *
 * @throws DurableError `HostStartFailed` when nothing matches `main`, an entry file or hook threw (it names the file), or
 * what was registered did not reach the host
 */
async function loadApp(
  { appFolder, main: chosen }: AppPlace,
  core: FunctionsCore,
  declared: DeclaredFunctions | undefined,
): Promise<LoadedApp> {
  const manifest = await readManifest(appFolder);
  const { isModule, isMissing } = manifest;
  const main = chosen ?? manifest.main;
  const isDeclared = (await declared?.find(appFolder)) ?? false;
  if (isMissing && !isDeclared) {
    const example = '{ "type": "module", "main": "dist/*.js" }';
    throw new DurableError(
      "HostStartFailed",
      `${appFolder} has no package.json, whose "main" names the modules that register functions. The smallest is ${example}`,
    );
  }
  if (main === undefined && !isDeclared) {
    throw new DurableError(
      "HostStartFailed",
      `${join(appFolder, "package.json")} names no "main"; set it to the built modules that register functions, for example "dist/*.js"`,
    );
  }
  const files = main === undefined ? [] : await findEntryFiles(appFolder, main, isDeclared);

  const failures: DurableError[] = [];
  const testMode = watchTestMode();
  for (const file of files) {
    try {
      await loadEntry(file, isModule, core);
    } catch (cause) {
      const name = relative(appFolder, file).split(sep).join("/");
      const text = isTypeScriptUnknown(file, cause) ? typeScriptRemedy : await describeLoadFailure(file, cause);
      failures.push(
        new DurableError("HostStartFailed", `${name} could not be loaded: ${text}${cureOf(cause)}`, { cause }),
      );
    }
  }
  try {
    await core.runAppHooks("appStart");
  } catch (cause) {
    failures.push(new DurableError("HostStartFailed", `an appStart hook failed: ${formatThrown(cause)}`, { cause }));
  }
  testMode.end();
  if (testMode.skipped.length > 0) {
    failures.push(new DurableError("HostStartFailed", describeTestMode(testMode.skipped)));
  }
  if (failures[0] !== undefined) throw failures[0];
  const scripts = isDeclared ? await declared!.register(isModule) : [];

  const offered = Object.fromEntries(defaultCapabilities.map((name) => [name, "true"]));
  const capabilities = (await core.model?.getCapabilities?.(offered)) ?? offered;
  core.lock();
  return { files: [...files, ...scripts], capabilities };
}

/**
 * Loads the app of a folder, for so long and no longer.
 *
 * @param cure what to do about it, for the error
 * @throws DurableError `HostStartFailed` when nothing matches `main`, an entry file or hook threw, or the time is up; the
 * code of the app may then run on
 */
export async function loadAppWithin(
  timeoutMs: number,
  app: AppPlace,
  core: FunctionsCore,
  cure: () => string,
  declared?: DeclaredFunctions,
): Promise<LoadedApp> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const { currentEntry } = core;
      const file = currentEntry === undefined ? "" : relative(app.appFolder, currentEntry).split(sep).join("/");
      const entry = file === "" ? "" : ` It has come to ${file}.`;
      const message = `The app has not finished loading after ${timeoutMs / 1000} s; ${cure()}${entry}`;
      reject(new DurableError("HostStartFailed", message));
    }, timeoutMs);
  });
  try {
    return await Promise.race([loadApp(app, core, declared), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** What package.json says of an app. Empty texts count as absent. */
interface Manifest {
  readonly name: string | undefined;
  readonly version: string | undefined;
  readonly main: string | undefined;
  readonly isModule: boolean;
  readonly isMissing: boolean;
}

export async function readManifest(appFolder: string): Promise<Manifest> {
  const text = await readFile(join(appFolder, "package.json"), "utf8").catch(() => undefined);
  if (text === undefined) {
    return { name: undefined, version: undefined, main: undefined, isModule: false, isMissing: true };
  }
  let manifest: Readonly<Record<string, unknown>>;
  try {
    // Node and npm take a byte order mark, too.
    manifest = JSON.parse(text.replace(/^\uFEFF/, "")) as Readonly<Record<string, unknown>>;
  } catch (cause) {
    throw new DurableError("HostStartFailed", `package.json is not JSON: ${messageOf(cause)}`, { cause });
  }
  const textOf = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  return {
    name: textOf(manifest["name"]),
    version: textOf(manifest["version"]),
    main: textOf(manifest["main"]),
    isModule: manifest["type"] === "module",
    isMissing: false,
  };
}

/**
 * The files that `main` names: a glob, or a folder that stands for all below it. Files of a folder come before those of
 * its subfolders, by name, so `dist/{index.js,functions/*.js}` loads `index.js` first and the order never changes.
 *
 * @param mayBeNone where functions are declared, `main` is often what npm has written into a package without code
 */
export async function findEntryFiles(appFolder: string, main: string, mayBeNone = false): Promise<readonly string[]> {
  const pattern = main.replaceAll("\\", "/").replace(/^\.\//, "");
  const options = { cwd: appFolder, absolute: true, expandDirectories: true };
  const find = async (text: string, others: object = {}) =>
    (await glob(text, { ...options, ...others })).filter((file) => !/\.d\.[mc]?ts$/.test(file));
  const files = await find(pattern);
  if (!mayBeNone) {
    const candidates =
      files.length > 0 ? files : await find(withFoldersOfAnyCase(pattern), { caseSensitiveMatch: false });
    await assertCase(appFolder, main, candidates, files.length > 0);
    if (files.length === 0) {
      throw new DurableError(
        "HostStartFailed",
        `No file matches "main": ${JSON.stringify(main)} of ${join(appFolder, "package.json")}. Has the app been built? Try: npm run build`,
      );
    }
  }
  const depth = (file: string) => file.split("/").length;
  return files.sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1));
}

/**
 * The same on every system, although Windows and macOS would load it: Linux, where it is deployed, does not.
 *
 * @throws DurableError `HostStartFailed` when `main` and a file differ in case
 */
async function assertCase(appFolder: string, main: string, files: readonly string[], isMatch: boolean): Promise<void> {
  const folders = new Map<string, Promise<readonly string[]>>();
  const list = (folder: string) => {
    const names = folders.get(folder) ?? readdir(join(appFolder, folder)).catch(() => []);
    folders.set(folder, names);
    return names;
  };
  for (const file of files) {
    const path = relative(appFolder, file).split(sep).join("/");
    const other = isMatch ? await findOtherCase(path, list) : { given: main, actual: path };
    if (other === undefined) continue;
    throw new DurableError(
      "HostStartFailed",
      `"main": ${JSON.stringify(main)} of ${join(appFolder, "package.json")} differs in case from ${other.actual}, which Linux does not find: write it as the file is called`,
    );
  }
}

/** What helps against failures whose text does not say it. */
/** What to do about an entry file that could not be loaded, in a line of its own; "" where that is not known. */
export function cureOf(cause: unknown): string {
  const { code, url } = (cause ?? {}) as { readonly code?: unknown; readonly url?: unknown };
  if (code === "ERR_REQUIRE_ESM") {
    return `\nNode.js ${process.versions.node} cannot require an ES module: 20.19 and later, 22.12 and later and 24 can.`;
  }
  if (code !== "ERR_MODULE_NOT_FOUND" || typeof url !== "string" || !/^file:.*\.[mc]?js$/.test(url)) return "";
  const source = new URL(url.replace(/js$/, "ts"));
  if (!existsSync(source)) return "";
  const name = posix.basename(source.pathname);
  return (
    `\nThere is ${name}: where TypeScript runs without a build, imports name it so (and tsconfig.json has ` +
    '"rewriteRelativeImportExtensions" for the build). Or build the app first.'
  );
}

async function loadEntry(file: string, isModule: boolean, core: FunctionsCore): Promise<void> {
  const extension = extname(file);
  core.currentEntry = file;
  try {
    if (/^\.m[jt]s$/.test(extension) || (isModule && !/^\.c[jt]s$/.test(extension)))
      await import(pathToFileURL(file).href);
    else createRequire(file)(file);
  } finally {
    core.currentEntry = undefined;
  }
}

/** Its stack, in which the place of a syntax error is missing when Node has imported the module. */
async function describeLoadFailure(file: string, cause: unknown): Promise<string> {
  const text = formatThrown(cause);
  const isPlaceless = cause instanceof SyntaxError && cause.stack?.startsWith("SyntaxError") === true;
  if (!isPlaceless || !/\.[mc]?js$/.test(file)) return text;
  const { findSyntaxPlace } = await import("./syntax-place.ts");
  return (await findSyntaxPlace(file)) ?? text;
}

const typeScriptRemedy =
  `it is TypeScript, which Node ${process.versions.node} does not run by itself. Build the app with tsc and let "main" name what is built, ` +
  "use Node 22.18 or later, or run `durable dev` with the package tsx installed.";

/** Neither Node nor a loader that somebody has put in front of it knows what to do with TypeScript. */
function isTypeScriptUnknown(file: string, cause: unknown): boolean {
  if (!/\.[mc]?ts$/.test(file)) return false;
  if ((cause as NodeJS.ErrnoException | null)?.code === "ERR_UNKNOWN_FILE_EXTENSION") return true;
  const isKnown = Boolean((process.features as { typescript?: unknown }).typescript);
  return cause instanceof SyntaxError && !isKnown && createRequire(file).extensions[".ts"] === undefined;
}
