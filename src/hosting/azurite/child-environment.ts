import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * What the storage process gets of the environment of its host: nothing that debugs, watches, traces or instruments the
 * app, for it is another program. Limits of memory, certificates and the like stay.
 */
export function createChildEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const {
    NODE_OPTIONS: options,
    // The accounts of the user's own Azurite.
    AZURITE_ACCOUNTS: _accounts,
    // VS Code's debugger, and Node's watch mode, which take what they hear for the app's.
    VSCODE_INSPECTOR_OPTIONS: _inspector,
    WATCH_REPORT_DEPENDENCIES: _watch,
    NODE_V8_COVERAGE: _coverage,
    ...rest
  } = env;
  const kept = keepNodeOptions(options ?? "");
  return { ...rest, ...(kept === "" ? {} : { NODE_OPTIONS: kept }) };
}

/** Node's own arguments for the storage process: those that find packages by Yarn's Plug'n'Play, where it is in use. */
export function createChildArguments(from: string): readonly string[] {
  if (process.versions["pnp"] === undefined) return [];
  const api = createRequire(from).resolve("pnpapi");
  const loader = join(dirname(api), ".pnp.loader.mjs");
  return ["--require", api, ...(existsSync(loader) ? ["--experimental-loader", pathToFileURL(loader).href] : [])];
}

/** Those that load code of the app's, and take a value: `--require x`, `--require=x`. */
const preloads = /^(?:-r|--require|--import|--loader|--experimental-loader)$/;
/** Those that show or change how the app runs. */
const unwanted =
  /^--(?:(?:no-)?inspect|debug|(?:no-)?deprecation|throw-|pending-|trace-|prof|cpu-prof|heap-prof|heapsnapshot|heap-snapshot|diagnostic|report|watch|test|unhandled-rejections|frozen-intrinsics|disable-proto|disallow-|permission|experimental-permission|allow-|preserve-symlinks|abort-on)/;

/** Takes single options out of a text as Node reads it: separated by blanks, with double quotes and backslashes in them. */
function keepNodeOptions(text: string): string {
  const words = text.match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g) ?? [];
  const kept: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index]!;
    const hasValueBeside = !word.startsWith("-")
      ? false
      : !word.includes("=") && words[index + 1]?.startsWith("-") === false;
    const name = word.split("=", 1)[0]!;
    if (preloads.test(name) || unwanted.test(name)) {
      if (hasValueBeside) index++;
      continue;
    }
    kept.push(word);
  }
  return kept.join(" ");
}
