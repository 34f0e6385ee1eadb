import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";
import { signalChild } from "./end-with-parent.ts";
import { spawnDurable } from "./local-host.ts";

type Parameters = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  readonly method?: string;
  readonly params?: Parameters;
}

/** Where the code stands. */
export interface Stop {
  readonly functionName: string;
  /** Of the built file, from 1. */
  readonly line: number;
  /** The local variables by name, as far as they have plain values. */
  readonly locals: Readonly<Record<string, unknown>>;
}

/** A `durable` command with a debugger at it: a remote session, as an editor has it. Needs `npm run build`. */
export class DebuggedCommand implements AsyncDisposable {
  readonly #child: ReturnType<typeof spawnDurable>;
  readonly #exited: Promise<number | null>;
  #output = "";
  #socket: WebSocket | undefined;
  #id = 0;
  readonly #answers = new Map<number, (answer: Message) => void>();
  readonly #stops: Parameters[] = [];
  #onStop: (() => void) | undefined;

  private constructor(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>) {
    this.#child = spawnDurable(args, { cwd, env });
    const read = (chunk: Buffer) => {
      this.#output += chunk.toString();
    };
    this.#child.stdout!.on("data", read);
    this.#child.stderr!.on("data", read);
    this.#exited = new Promise((resolve) => this.#child.once("close", resolve));
  }

  /** Resolves once the command waits and the debugger is there. @throws Error with all output when it ends before */
  static async start(
    args: readonly string[],
    cwd: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<DebuggedCommand> {
    const command = new DebuggedCommand(args, cwd, env);
    await command.#connect(await command.#findUrl());
    for (const domain of ["Runtime", "Debugger"]) await command.#send(`${domain}.enable`);
    return command;
  }

  /** All that it has printed so far. */
  get output(): string {
    return this.#output;
  }

  /** Sets a breakpoint as editors do before a script is loaded: by its source map. */
  async breakAt(builtFile: URL, sourceLine: number): Promise<void> {
    const lineNumber = findBuiltLine(fileURLToPath(builtFile), sourceLine);
    await this.#send("Debugger.setBreakpointByUrl", { url: builtFile.href, lineNumber });
  }

  /** Lets it begin. */
  async begin(): Promise<void> {
    await this.#send("Runtime.runIfWaitingForDebugger");
  }

  async resume(): Promise<void> {
    await this.#send("Debugger.resume");
  }

  async stepOver(): Promise<void> {
    await this.#send("Debugger.stepOver");
  }

  /** Waits until the code stands still. */
  async stopped(): Promise<Stop> {
    while (this.#stops.length === 0) {
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#onStop = resolve;
        }),
        this.#exited.then((code) => {
          throw new Error(`it has ended (${code}) and not stopped:\n${this.#output}`);
        }),
      ]);
    }
    const [frame] = this.#stops.shift()!["callFrames"] as {
      functionName: string;
      location: { lineNumber: number };
      scopeChain: { type: string; object: { objectId: string } }[];
    }[];
    const locals: Record<string, unknown> = {};
    for (const { type, object } of frame!.scopeChain) {
      if (type !== "local" && type !== "block") continue;
      const { result } = (await this.#send("Runtime.getProperties", { objectId: object.objectId })) as {
        result: { name: string; value?: { value?: unknown } }[];
      };
      for (const { name, value } of result) locals[name] = value?.value;
    }
    return { functionName: frame!.functionName, line: frame!.location.lineNumber + 1, locals };
  }

  /** Waits for its end. Resolves to the exit code. */
  exited(): Promise<number | null> {
    return this.#exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.terminate();
    signalChild(this.#child, "SIGKILL", "group");
    await this.#exited;
  }

  async #findUrl(): Promise<string> {
    for (;;) {
      const found = /Debugger listening on (ws:\/\/\S+)/.exec(this.#output);
      if (found !== null) return found[1]!;
      if (this.#child.exitCode !== null) throw new Error(`it ended before it could be debugged:\n${this.#output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #connect(url: string): Promise<void> {
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Message;
      if (message.id !== undefined) this.#answers.get(message.id)?.(message);
      // The process waits for its debugger to leave.
      else if (message.method === "Runtime.executionContextDestroyed") socket.close();
      else if (message.method === "Debugger.paused") {
        this.#stops.push(message.params!);
        this.#onStop?.();
      }
    });
    return new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
  }

  #send(method: string, params: Parameters = {}): Promise<unknown> {
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, ({ result, error }) => {
        this.#answers.delete(id);
        if (error === undefined) resolve(result);
        else reject(new Error(`${method}: ${error.message}`));
      });
      this.#socket!.send(JSON.stringify({ id, method, params }));
    });
  }
}

/** The first line, from 0, of what a line of the source was compiled to. */
function findBuiltLine(builtFile: string, sourceLine: number): number {
  const map = new SourceMap(JSON.parse(readFileSync(`${builtFile}.map`, "utf8")) as SourceMapPayload);
  const lines = readFileSync(builtFile, "utf8").split(/\r?\n/);
  const found = lines.findIndex((line, index) => {
    const entry = map.findEntry(index, line.search(/\S/)) as { readonly originalLine?: number };
    return line.trim() !== "" && entry.originalLine === sourceLine - 1;
  });
  if (found < 0) throw new Error(`line ${sourceLine} of the source is nowhere in ${builtFile}`);
  return found;
}
