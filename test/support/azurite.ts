import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { endWithParent, signalChild } from "./end-with-parent.ts";

export interface AzuriteOptions {
  /** Keeps the data. @defaultValue a folder that goes with the emulator */
  readonly folder?: string;
  /** Refuse versions of the protocol that the emulator does not know. @defaultValue false */
  readonly checksApiVersions?: boolean;
  /** Answer by https with this certificate, and take the tokens of identities. @defaultValue http, and no tokens */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string };
}

export interface Azurite {
  readonly connectionString: string;
  readonly ports: { readonly blob: number; readonly queue: number; readonly table: number };
  /** Resolves once the process is gone. Repeatable. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const accountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const children = new Set<ChildProcess>();
const ownFolders = new Set<string>();
process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  for (const folder of ownFolders) removeFolder(folder);
});

/**
 * A storage emulator of its own, on free ports.
 *
 * Its stdin is our pipe, and it ends itself when that closes, so that it does not outlive a test
 * run that was killed.
 */
export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  const require = createRequire(import.meta.url);
  const main = join(dirname(require.resolve("azurite/package.json")), "dist/src/azurite.js");
  const args = ["--silent", "--disableTelemetry"];
  if (options.checksApiVersions !== true) args.push("--skipApiVersionCheck");
  args.push("--blobPort", "0", "--queuePort", "0", "--tablePort", "0");
  // In memory each message is an extent of its own, and clearing thousands of them away stops the emulator for half a
  // minute; on disk they share a few.
  const { folder = createOwnFolder() } = options;
  args.push("--location", folder);
  const { certificate } = options;
  if (certificate !== undefined) {
    args.push("--oauth", "basic", "--cert", certificate.certFile, "--key", certificate.keyFile);
  }
  // Azurite lower-cases table names by the locale.
  const env = { ...process.env, LC_ALL: "C" };
  const child = spawn(process.execPath, [...endWithParent, main, ...args], {
    env,
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  children.add(child);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  void exited.then(() => children.delete(child));

  const ports = await readPorts(child);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    signalChild(child, "SIGTERM");
    const patience = setTimeout(() => child.kill("SIGKILL"), 5000);
    await exited;
    clearTimeout(patience);
    if (ownFolders.delete(folder)) removeFolder(folder);
  };
  const protocol = certificate === undefined ? "http" : "https";
  const url = (port: number) => `${protocol}://127.0.0.1:${port}/devstoreaccount1`;
  return {
    ports,
    connectionString: [
      `DefaultEndpointsProtocol=${protocol}`,
      "AccountName=devstoreaccount1",
      `AccountKey=${accountKey}`,
      `BlobEndpoint=${url(ports.blob)}`,
      `QueueEndpoint=${url(ports.queue)}`,
      `TableEndpoint=${url(ports.table)}`,
      "",
    ].join(";"),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function createOwnFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "durable-azurite-"));
  ownFolders.add(folder);
  return folder;
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

function readPorts(child: ChildProcess): Promise<Azurite["ports"]> {
  return new Promise((resolve, reject) => {
    let output = "";
    const read = (chunk: Buffer) => {
      output += chunk.toString("utf8");
      const port = (service: string) =>
        Number(new RegExp(`${service} service is successfully listening at https?://[^:]+:(\\d+)`).exec(output)?.[1]);
      const ports = { blob: port("Blob"), queue: port("Queue"), table: port("Table") };
      if (Object.values(ports).every((found) => found > 0)) resolve(ports);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`Azurite ended with ${code} before it listened: ${output}`)));
  });
}
