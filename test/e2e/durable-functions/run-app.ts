import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect } from "vitest";
import type { Azurite } from "../../support/azurite.ts";
import { type LocalHostProcess, startLocalHost } from "../../support/local-host.ts";

/** What an app that was written for `durable-functions` 3.5 imports: that package from npm, or this one. */
export const imports = ["durable-functions", "durable-functions-ts"] as const;

export type ImportedPackage = (typeof imports)[number];

/** An app in the style of `durable-functions` 3.5, on the local host, with ways to use it as its users would. */
export interface RunningApp extends AsyncDisposable {
  /** The one that runs at present. */
  readonly host: LocalHostProcess;
  /** Calls `/api/...`. */
  call(path: string, init?: RequestInit): Promise<Response>;
  /** Starts an orchestration by the app's own starter. Returns the instance id. */
  start(name: string, input?: unknown): Promise<string>;
  /** The instance once it has ended. */
  ended(id: string): Promise<InstanceStatus>;
  status(id: string, query?: string): Promise<InstanceStatus>;
  raise(id: string, event: string, data?: unknown): Promise<Response>;
  /** Kills the host, without a chance to put anything away, and starts it again. */
  crash(): Promise<void>;
}

export interface InstanceStatus {
  readonly runtimeStatus: string;
  readonly input: unknown;
  readonly output: unknown;
  readonly customStatus: unknown;
  readonly historyEvents?: readonly { readonly EventType: string; readonly [member: string]: unknown }[];
}

export interface RunAppOptions {
  readonly azurite: Azurite;
  /** Stands in the app in place of `durable-functions`. @defaultValue `"durable-functions"` */
  readonly imported?: ImportedPackage | undefined;
  readonly env?: Readonly<Record<string, string>>;
  /** Of npm, which the app imports besides. @defaultValue none */
  readonly packages?: readonly string[] | undefined;
}

const appsFolder = resolve("test/e2e/durable-functions/apps");
let hubs = 0;

/**
 * @param file a `.ts`, which is compiled to CommonJS, or a `.cjs`, which is run as it is
 */
export async function runApp(file: string, { azurite, imported, env, packages }: RunAppOptions): Promise<RunningApp> {
  const folder = createAppFolder(file, imported, packages);
  const start = () =>
    startLocalHost({ appFolder: folder, env: { AzureWebJobsStorage: azurite.connectionString, ...env } });
  let host = await start();
  const hook = () => `${host.url}/runtime/webhooks/durabletask/instances`;
  const status = async (id: string, query = "") => {
    const answer = await fetch(`${hook()}/${id}${query}`);
    return (answer.status === 404 ? { runtimeStatus: "unknown" } : await answer.json()) as InstanceStatus;
  };
  return {
    get host() {
      return host;
    },
    call: (path, init) => fetch(`${host.url}/api/${path}`, init),
    async start(name, input) {
      const answer = await fetch(`${host.url}/api/orchestrators/${name}`, {
        method: "POST",
        body: JSON.stringify(input ?? null),
      });
      expect(answer.status, `start of ${name}: ${host.output()}`).toBe(202);
      return ((await answer.json()) as { id: string }).id;
    },
    async ended(id) {
      const isOver = ({ runtimeStatus }: InstanceStatus) => /^(?:Completed|Failed|Terminated)$/.test(runtimeStatus);
      for (let waits = 0; waits < 300; waits++) {
        const state = await status(id);
        if (isOver(state)) return state;
        await new Promise((done) => setTimeout(done, 200));
      }
      throw new Error(
        `${id} has not ended: ${JSON.stringify(await status(id, "?showHistory=true"))}\n${host.output()}`,
      );
    },
    status,
    raise: (id, event, data) =>
      fetch(`${hook()}/${id}/raiseEvent/${event}`, {
        method: "POST",
        body: JSON.stringify(data ?? null),
        headers: { "content-type": "application/json" },
      }),
    async crash() {
      await host.kill("SIGKILL");
      host = await start();
    },
    async [Symbol.asyncDispose]() {
      await host.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The app with its `host.json` in a folder of its own, which has the packages that it imports and no others. */
export function createAppFolder(
  file: string,
  imported: ImportedPackage = "durable-functions",
  packages: readonly string[] = [],
): string {
  const folder = mkdtempSync(join(tmpdir(), "durable-classic-"));
  linkPackages(folder, imported, packages);
  writeFileSync(join(folder, "package.json"), '{ "main": "app.js" }');
  const hubName = `Classic${process.pid}x${hubs++}`;
  // The pauses between polls grow to half a minute otherwise, which is what a test after a crash would wait for.
  const storageProvider = { maxQueuePollingInterval: "00:00:01" };
  writeFileSync(
    join(folder, "host.json"),
    JSON.stringify({ version: "2.0", extensions: { durableTask: { hubName, storageProvider } } }),
  );
  const source = readFileSync(join(appsFolder, file), "utf8").replaceAll('"durable-functions"', `"${imported}"`);
  const isTypeScript = file.endsWith(".ts");
  writeFileSync(join(folder, isTypeScript ? "app.ts" : "app.js"), source);
  if (isTypeScript) compile(file, folder);
  return folder;
}

function linkPackages(folder: string, imported: ImportedPackage, packages: readonly string[]): void {
  const link = (name: string, target: string) => {
    const path = join(folder, "node_modules", name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path);
  };
  for (const name of ["@azure/functions", "@types/node", "undici-types", ...packages]) {
    link(name, resolve("node_modules", name));
  }
  link(imported, imported === "durable-functions" ? resolve("node_modules", imported) : resolve("."));
}

/** As the template of such apps does it. */
function compile(file: string, folder: string): void {
  const compilerOptions = { module: "nodenext", target: "es2022", strict: true, skipLibCheck: true, types: ["node"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["app.ts"] }));
  const { status, stdout } = spawnSync(process.execPath, [resolve("node_modules/typescript/bin/tsc")], { cwd: folder });
  if (status !== 0) throw new Error(`${file} cannot be compiled:\n${stdout}`);
}
