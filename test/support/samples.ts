import { copyFile, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type LocalHostProcess, startLocalHost } from "./local-host.ts";

/** An app folder outside of the project that serves the built samples, with data of its own. Needs `npm run build`. */
export interface SamplesFolder {
  readonly folder: string;
  /** Starts a host on it; after it has ended, another one finds its data. */
  start(env?: Readonly<Record<string, string>>): Promise<LocalHostProcess>;
  remove(): Promise<void>;
}

export async function createSamplesFolder(): Promise<SamplesFolder> {
  const folder = await mkdtemp(join(tmpdir(), "samples-"));
  const manifest = { name: "samples", type: "module", main: "dist/samples/*/app.js" };
  await Promise.all([
    writeFile(join(folder, "package.json"), JSON.stringify(manifest)),
    copyFile("host.json", join(folder, "host.json")),
    symlink(resolve("dist"), join(folder, "dist"), "junction"),
  ]);
  return {
    folder,
    start: (env = {}) => startLocalHost({ appFolder: folder, env }),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** What the status link of a 202 answer shows, once the instance has finished: within two minutes, also after a crash. */
export async function waitForOutcome(started: Response): Promise<{ runtimeStatus: string; output: unknown }> {
  const { statusQueryGetUri } = (await started.json()) as { statusQueryGetUri: string };
  const deadline = Date.now() + 120_000;
  for (;;) {
    const response = await fetch(statusQueryGetUri);
    if (response.status !== 202) return (await response.json()) as { runtimeStatus: string; output: unknown };
    if (Date.now() > deadline) throw new Error(`not finished after two minutes: ${await response.text()}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
