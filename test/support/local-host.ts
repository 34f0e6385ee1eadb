import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { endWithParent, ownGroup, signalChild } from "./end-with-parent.ts";

/** A `durable start` or `durable dev` in a process of its own, as users run it. Needs `npm run build`. */
export interface LocalHostProcess {
  /** `http://localhost:<port>`. */
  readonly url: string;
  readonly pid: number;
  /** Everything it has printed so far, stdout and stderr. */
  output(): string;
  /** Sends a signal to its process group and waits for its end. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Stops it gracefully. Resolves to the exit code; `null` when it had to be killed. Repeatable. */
  stop(): Promise<number | null>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface LocalHostProcessOptions {
  readonly appFolder: string;
  /** @defaultValue "start" */
  readonly verb?: "start" | "dev";
  readonly env?: Readonly<Record<string, string>>;
  /** After `--port 0`. */
  readonly args?: readonly string[];
  readonly timeoutMs?: number;
  /** The `main.js` of the command. @defaultValue that of the build */
  readonly cli?: string;
  /** @defaultValue the one that runs the tests */
  readonly node?: string;
}

interface SpawnOptions {
  readonly cwd?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cli?: string | undefined;
  readonly node?: string | undefined;
}

const stopTimeoutMs = 30_000;

/** Resolves once the host is ready. @throws Error with all output when it ends or takes too long */
export async function startLocalHost(options: LocalHostProcessOptions): Promise<LocalHostProcess> {
  const run = spawnLocalHost(options);
  const timer = setTimeout(() => run.signal("SIGKILL"), options.timeoutMs ?? 60_000);
  try {
    const url = await run.ready;
    return {
      url,
      pid: run.child.pid!,
      output: run.output,
      async kill(signal) {
        run.signal(signal);
        await run.exited;
      },
      stop: run.stop,
      async [Symbol.asyncDispose]() {
        await run.stop();
      },
    };
  } finally {
    clearTimeout(timer);
  }
}

/** Runs `durable` with any arguments to its end, for starts that must fail. */
export async function runDurable(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawnDurable(args, options);
  let stdout = "";
  let stderr = "";
  child.stdout!.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr!.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise<number | null>((done) => child.once("close", done));
  return { code, stdout, stderr };
}

/** Starts `durable` with any arguments. */
export function spawnDurable(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  // What the developer's shell says about storage and colours is not for tests.
  const { AzureWebJobsStorage: _storage, NODE_OPTIONS: _options, FORCE_COLOR: _color, ...inherited } = process.env;
  const { cli = resolve("dist/cli/main.js"), node = process.execPath } = options;
  return spawn(node, [...endWithParent, cli, ...args], {
    cwd: options.cwd,
    env: { ...inherited, NO_COLOR: "1", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
    ...ownGroup,
  });
}

function spawnLocalHost(options: LocalHostProcessOptions) {
  const { appFolder, args = [], env, cli, node, verb = "start" } = options;
  const child = spawnDurable([verb, "--port", "0", "--script-root", appFolder, ...args], { env, cli, node });
  let text = "";
  let reportReady: (url: string) => void;
  let reportFailure: (error: Error) => void;
  const ready = new Promise<string>((done, failed) => {
    reportReady = done;
    reportFailure = failed;
  });
  const read = (chunk: Buffer) => {
    text += chunk.toString();
    const found = /Ready on (http:\/\/\S+?)\.? /.exec(text);
    if (found !== null) reportReady(found[1]!);
  };
  child.stdout!.on("data", read);
  child.stderr!.on("data", read);
  const exited = new Promise<number | null>((done) => {
    child.once("close", (code, signal) => {
      reportFailure(new Error(`the host ended (${signal ?? code}) before it was ready:\n${text}`));
      done(code);
    });
  });
  const signal = (name: NodeJS.Signals) => signalChild(child, name, "group");
  const stop = async () => {
    const timer = setTimeout(() => signal("SIGKILL"), stopTimeoutMs);
    signal("SIGTERM");
    const code = await exited;
    clearTimeout(timer);
    return code;
  };
  return { child, ready, exited, signal, stop, output: () => text };
}
