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

/** What the status of an instance shows, as far as tests look at it. */
export interface InstanceStatus {
  readonly runtimeStatus: string;
  readonly output: unknown;
  readonly customStatus: unknown;
  readonly historyEvents: readonly unknown[];
}

/** An instance, by the links of the answer that started it. */
export interface StartedInstance {
  readonly started: Response;
  readonly id: string;
  /** What its status link shows once it has finished; see {@link waitForOutcome}. */
  outcome(): Promise<InstanceStatus>;
  /** What its status link shows now. @param query added to the link, with a leading `&` */
  status(query?: string): Promise<InstanceStatus>;
  raise(eventName: string, data?: unknown): Promise<void>;
}

/** A running host with all samples. */
export interface Samples {
  get(path: string): Promise<Response>;
  post(path: string, body?: unknown): Promise<Response>;
  delete(path: string): Promise<Response>;
  /** Starts an orchestration by name. */
  run(name: string, input?: unknown): Promise<StartedInstance>;
  /** The instance that an answer leads to. */
  follow(started: Response): Promise<StartedInstance>;
  close(): Promise<void>;
}

export async function openSamples(): Promise<Samples> {
  const folder = await createSamplesFolder();
  const host = await folder.start();
  const post = (path: string, body?: unknown) =>
    fetch(host.url + path, { method: "POST", body: body === undefined ? null : JSON.stringify(body) });
  return {
    get: (path) => fetch(host.url + path),
    post,
    delete: (path) => fetch(host.url + path, { method: "DELETE" }),
    run: async (name, input) => followInstance(await post(`/api/orchestrators/${name}`, input)),
    follow: followInstance,
    close: async () => {
      await host.stop();
      await folder.remove();
    },
  };
}

async function followInstance(started: Response): Promise<StartedInstance> {
  const links = started.ok ? ((await started.clone().json()) as Record<string, string>) : {};
  return {
    started,
    id: links["id"] ?? "",
    outcome: () => waitForOutcome(started.clone()),
    status: async (query = "") => (await fetch(links["statusQueryGetUri"] + query)).json() as Promise<InstanceStatus>,
    raise: async (eventName, data = null) => {
      const url = links["sendEventPostUri"]!.replace("{eventName}", eventName);
      const headers = { "content-type": "application/json" };
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(data) });
      if (!response.ok) throw new Error(`event '${eventName}' was refused: ${await response.text()}`);
    },
  };
}

/** What the status link of a 202 answer shows, once the instance has finished: within two minutes, also after a crash. */
export async function waitForOutcome(started: Response): Promise<InstanceStatus> {
  const { statusQueryGetUri } = (await started.json()) as { statusQueryGetUri: string };
  const deadline = Date.now() + 120_000;
  for (;;) {
    const response = await fetch(statusQueryGetUri);
    if (response.status !== 202) return (await response.json()) as InstanceStatus;
    if (Date.now() > deadline) throw new Error(`not finished after two minutes: ${await response.text()}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
