import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { extname, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { glob } from "tinyglobby";
import { DurableError, messageOf } from "../../core/errors.ts";
import { formatThrown } from "../../core/failure-trace.ts";
import type { FunctionsCore } from "./functions-core.ts";

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
 * @throws DurableError `HostStartFailed` when nothing matches `main` or an entry file or hook threw; it names the file.
 */
async function loadApp(
  appFolder: string,
  core: FunctionsCore,
  declared: DeclaredFunctions | undefined,
): Promise<LoadedApp> {
  const { main, isModule, isMissing } = await readManifest(appFolder);
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
  for (const file of files) {
    try {
      await loadEntry(file, isModule, core);
    } catch (cause) {
      const name = relative(appFolder, file).split(sep).join("/");
      const text = `${name} could not be loaded: ${await findSyntaxError(file, cause)}${formatThrown(cause)}${cureFor(cause)}`;
      failures.push(new DurableError("HostStartFailed", text, { cause }));
    }
  }
  try {
    await core.runAppHooks("appStart");
  } catch (cause) {
    failures.push(new DurableError("HostStartFailed", `an appStart hook failed: ${formatThrown(cause)}`, { cause }));
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
  appFolder: string,
  core: FunctionsCore,
  cure: () => string,
  declared?: DeclaredFunctions,
): Promise<LoadedApp> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const { currentEntry } = core;
      const file = currentEntry === undefined ? "" : relative(appFolder, currentEntry).split(sep).join("/");
      const entry = file === "" ? "" : ` It has come to ${file}.`;
      const message = `The app has not finished loading after ${timeoutMs / 1000} s; ${cure()}${entry}`;
      reject(new DurableError("HostStartFailed", message));
    }, timeoutMs);
  });
  try {
    return await Promise.race([loadApp(appFolder, core, declared), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

export async function readManifest(
  appFolder: string,
): Promise<{ main: string | undefined; isModule: boolean; isMissing?: boolean }> {
  const text = await readFile(join(appFolder, "package.json"), "utf8").catch(() => undefined);
  if (text === undefined) return { main: undefined, isModule: false, isMissing: true };
  let manifest: { main?: unknown; type?: unknown };
  try {
    // Node and npm take a byte order mark, too.
    manifest = JSON.parse(text.replace(/^\uFEFF/, "")) as { main?: unknown; type?: unknown };
  } catch (cause) {
    throw new DurableError("HostStartFailed", `package.json is not JSON: ${messageOf(cause)}`, { cause });
  }
  const main = typeof manifest.main === "string" && manifest.main !== "" ? manifest.main : undefined;
  return { main, isModule: manifest.type === "module" };
}

/**
 * The files that `main` names: a glob, or a folder that stands for all below it. Files of a folder come before those of
 * its subfolders, by name, so `dist/{index.js,functions/*.js}` loads `index.js` first and the order never changes.
 *
 * @param mayBeNone where functions are declared, `main` is often what npm has written into a package without code
 */
export async function findEntryFiles(appFolder: string, main: string, mayBeNone = false): Promise<readonly string[]> {
  const pattern = main.replaceAll("\\", "/").replace(/^\.\//, "");
  const files = await glob(pattern, { cwd: appFolder, absolute: true, expandDirectories: true });
  if (files.length === 0 && !mayBeNone) {
    throw new DurableError(
      "HostStartFailed",
      `No file matches "main": ${JSON.stringify(main)} of ${join(appFolder, "package.json")}. Has the app been built? Try: npm run build`,
    );
  }
  const depth = (file: string) => file.split("/").length;
  return files.sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1));
}

/** Where the syntax of an entry file is wrong, which Node does not say of a module; empty for what is no such error. */
async function findSyntaxError(file: string, thrown: unknown): Promise<string> {
  if (!(thrown instanceof SyntaxError) || !thrown.stack?.startsWith("SyntaxError")) return "";
  const stderr = await new Promise<string>((resolve) => {
    execFile(process.execPath, ["--check", file], { timeout: 5_000 }, (_error, _stdout, text) => resolve(text));
  });
  // The place, the line and a mark below it, then an empty line and the error itself.
  const [place = ""] = stderr.split(/\r?\n\r?\n/, 1);
  return /^\S.*:\d+\r?\n/.test(place) ? `\n${place}\n` : "";
}

/** What to do about an error of Node's. */
function cureFor(thrown: unknown): string {
  const code = (thrown as { readonly code?: unknown } | null | undefined)?.code;
  if (code === "ERR_UNKNOWN_FILE_EXTENSION" && /\.[cm]?tsx?\b/.test(messageOf(thrown))) {
    return `\nNode ${process.version} runs no TypeScript. Build it and let "main" name the JavaScript, use Node 22.18 or later, or run the host with tsx.`;
  }
  return "";
}

async function loadEntry(file: string, isModule: boolean, core: FunctionsCore): Promise<void> {
  const extension = extname(file);
  core.currentEntry = file;
  try {
    if (extension === ".mjs" || (isModule && extension !== ".cjs")) await import(pathToFileURL(file).href);
    else createRequire(file)(file);
  } finally {
    core.currentEntry = undefined;
  }
}
