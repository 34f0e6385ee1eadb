import { type ChildProcess, execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const dotnet = "dotnet";
const environment = { ...process.env, DOTNET_CLI_TELEMETRY_OPTOUT: "1", DOTNET_NOLOGO: "1" };
/** On a busy machine .NET takes its time. */
const requestTimeoutMs = 90_000;

const children = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** The program of the .NET side, or why there is none on this machine. */
export type BuiltProgram = { readonly path: string } | { readonly missing: string };

/**
 * The projects: `dotnet-library` is the genuine library of the storage hub as a process that does what it is told,
 * `dotnet-grpc` the genuine SDK of the gRPC protocol, or a genuine sidecar, and `dotnet-extension` the genuine extension.
 */
type DotnetProject = keyof typeof assemblies;

const assemblies = {
  "dotnet-library": "DotnetLibrary",
  "dotnet-grpc": "DotnetGrpc",
  "dotnet-extension": "DotnetExtension",
} as const;

/** Builds outside of the source tree, and leaves no build server behind. @throws when the program does not compile */
export async function buildDotnet(name: DotnetProject): Promise<BuiltProgram> {
  const assembly = assemblies[name];
  const project = fileURLToPath(new URL(`${name}/${assembly}.csproj`, import.meta.url));
  // One per checkout: two builds at the same time would write the same files.
  const checkout = createHash("sha256").update(project).digest("hex").slice(0, 12);
  const artifacts = join(tmpdir(), `durable-functions-ts-${name}-${checkout}`);
  try {
    await run(dotnet, ["--version"], { env: environment });
  } catch {
    return { missing: "the dotnet SDK is not installed" };
  }
  const args = ["build", project, "-c", "Release", "--artifacts-path", artifacts, "--disable-build-servers", "-v", "q"];
  try {
    await run(dotnet, args, { env: environment, timeout: 300_000 });
  } catch (error) {
    const text = String((error as { stdout?: string }).stdout);
    const unrestored = /error (?:NU\d+|NETSDK1045)\b[^[]*/.exec(text);
    if (unrestored === null) throw new Error(`${name} does not compile:\n${text}`, { cause: error });
    return { missing: unrestored[0].trim() };
  }
  return { path: join(artifacts, `bin/${assembly}/release/${assembly}.dll`) };
}

/** A running .NET process that does what it is asked. */
export class DotnetProgram {
  readonly #process: ChildProcess;
  readonly #pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #lastId = 0;

  /**
   * @param target what the program works on: a connection string, or what it says of its argument
   * @param variables of its environment, besides ours
   */
  constructor(path: string, target: string, variables: Readonly<Record<string, string>> = {}) {
    this.#process = spawn(dotnet, [path, target], {
      env: { ...environment, ...variables },
      stdio: ["pipe", "pipe", "inherit"],
    });
    children.add(this.#process);
    createInterface({ input: this.#process.stdout! }).on("line", (line) => this.#settle(line));
    this.#process.once("exit", () => {
      children.delete(this.#process);
      for (const { reject } of this.#pending.values()) reject(new Error("the .NET program has ended"));
    });
  }

  /** @throws what the program reports, or after {@link requestTimeoutMs} */
  async ask<T>(op: string, args: Readonly<Record<string, unknown>> = {}): Promise<T> {
    const id = ++this.#lastId;
    let timer: NodeJS.Timeout | undefined;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      timer = setTimeout(() => reject(new Error(`the .NET program does not answer ${op}`)), requestTimeoutMs);
    });
    this.#process.stdin!.write(`${JSON.stringify({ id, op, ...args })}\n`);
    try {
      return (await answer) as T;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(id);
    }
  }

  #settle(line: string): void {
    const { id, result, error } = JSON.parse(line) as { id: number; result?: unknown; error?: string };
    if (error === undefined) this.#pending.get(id)?.resolve(result);
    else this.#pending.get(id)?.reject(new Error(error));
  }

  /** Ends the process as a crash would. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await gone;
  }
}
