import { resolve } from "node:path";
import { parseStart, type StartOptions, startHelp } from "../start-options.ts";

export interface DevOptions {
  /** What `durable start` would be asked for. */
  readonly start: StartOptions;
  /** Script of package.json that builds the app before each start. */
  readonly build: string | undefined;
  /** Folders that are watched besides that of the app, absolute. */
  readonly watch: readonly string[];
  /** Patterns as in .gitignore: changes there restart nothing. */
  readonly ignore: readonly string[];
  /** Look for changes every second, where the system does not tell of them. */
  readonly poll: boolean;
}

/** What `durable dev` was asked for: options, the help text, or one line that says what was not understood. */
export type DevArguments =
  | { readonly kind: "options"; readonly options: DevOptions }
  | { readonly kind: "help" }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads the arguments after `durable dev`: its own, and those of `durable start`. Touches nothing. */
export function parseDev(args: readonly string[], cwd: string): DevArguments {
  const own = { build: [] as string[], watch: [] as string[], ignore: [] as string[] };
  const rest: string[] = [];
  let poll = false;
  for (let index = 0; index < args.length; index++) {
    const arg = args[index]!;
    const [, name, inline] = /^--(build|watch|ignore)(?:=(.*))?$/s.exec(arg) ?? [];
    if (arg === "--poll") poll = true;
    else if (name === undefined) rest.push(arg);
    else {
      const value = inline ?? args[++index];
      if (value === undefined || value === "" || (inline === undefined && value.startsWith("-"))) {
        return mistake(`Option '--${name} <value>' argument missing. Try: durable dev --help`);
      }
      own[name as keyof typeof own].push(value);
    }
  }
  const read = parseStart(rest, cwd);
  if (read.kind === "mistake") return mistake(read.message.replace("durable start --help", "durable dev --help"));
  if (read.kind === "help") return read;
  return {
    kind: "options",
    options: {
      start: read.options,
      build: own.build.at(-1),
      watch: own.watch.map((folder) => resolve(cwd, folder)),
      ignore: own.ignore,
      poll,
    },
  };
}

function mistake(message: string): DevArguments {
  return { kind: "mistake", message };
}

const optionsOfStart: string = startHelp.slice(startHelp.indexOf("  -p, --port"), startHelp.indexOf("  -h, --help"));

export const devHelp: string = `Usage: durable dev [options]

Runs the functions app of a folder as 'durable start' does, and starts it anew when a file changes. The storage emulator
runs on meanwhile, so that instances go on where they were.

TypeScript needs no build where Node runs it (22.18 and later, with 'erasableSyntaxOnly', 'verbatimModuleSyntax' and
'rewriteRelativeImportExtensions' in tsconfig.json) or where the package tsx is installed; then "main" may name the built
files all the same. Elsewhere the tsc of the project builds it before each start.

Options:
      --build <script>       Script of package.json that builds the app before each start
      --watch <folder>       Watch this folder too; may be repeated
      --ignore <pattern>     Changes there restart nothing, as in .gitignore; may be repeated
      --poll                 Look for changes every second, where the system does not tell of them
${optionsOfStart}  -h, --help                 Show this text

Changes in node_modules, in folders whose name begins with a dot, and where the app is built restart nothing.
`;
