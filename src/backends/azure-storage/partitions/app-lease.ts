import { isDurableError, messageOf } from "../../../core/errors.ts";
import { createEventLog, type EventLog } from "../../../core/event-log.ts";
import type { Clock, LogSink } from "../../../core/ports.ts";
import type { StorageClient } from "../storage/storage-client.ts";
import { hashInstanceId } from "./partition-hash.ts";

export interface AppLeaseOptions {
  readonly storage: StorageClient;
  readonly container: string;
  readonly infoBlob: string;
  readonly taskHub: string;
  readonly workerId: string;
  readonly appName: string;
  readonly clock: Clock;
  readonly log: LogSink;
  readonly leaseSeconds: number;
  readonly renewIntervalMs: number;
  /** Between two tries, while another app has it. */
  readonly acquireIntervalMs: number;
  /** The hub is this app's: work on it. Called again after each `onLost`. */
  readonly onHeld: () => void;
  /** The hub is another app's now. */
  readonly onLost: () => Promise<void>;
}

/** What the blob beside the lease tells. */
interface AppLeaseInfo {
  /** The id of the lease of the app that has the hub. */
  readonly ownerId: string | undefined;
  /** That of an app that is to get it. */
  readonly desiredSwapId: string | undefined;
}

/** `unavailable`: we may not lease, so nobody can be kept out, and the hub is worked on as without the lease. */
type Acquisition =
  | { readonly outcome: "held" | "unavailable" }
  | { readonly outcome: "other"; readonly ownerId: string };

const maxInfoBytes = 64 * 1024;
const failurePauseMs = 1000;

/** The id of the lease of an app, by which all its processes hold it together. As .NET makes it of the name. */
export function appLeaseIdOf(appName: string): string {
  return `${hashInstanceId(appName).toString(16).padStart(8, "0")}-0000-0000-0000-000000000000`;
}

/**
 * Keeps apps of other names off the hub, by a lease on a container that all workers of the hub know, those of .NET too.
 *
 * L1. The hub is worked on while the lease is held; trouble with storage takes it away from nobody.
 * L2. A lease is not released at the end: other processes of the app hold it by the same id. It runs out.
 * L3. The name of an app is kept beside the lease, of which the id tells only a hash.
 */
export class AppLease {
  readonly #options: AppLeaseOptions;
  readonly #id: string;
  readonly #log: EventLog;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #toldOf: string | undefined;

  constructor(options: AppLeaseOptions) {
    this.#options = options;
    this.#id = appLeaseIdOf(options.appName);
    this.#log = createEventLog(options.log, { taskHub: options.taskHub, workerId: options.workerId });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, acquireIntervalMs, onHeld, onLost } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const acquired = await this.#acquire();
      if (signal.aborted) return;
      if (acquired?.outcome === "other") {
        await this.#tellOf(acquired.ownerId);
        await clock.sleep(acquireIntervalMs, signal);
      } else if (acquired === undefined) await clock.sleep(failurePauseMs, signal);
      else {
        this.#toldOf = undefined;
        onHeld();
        if (acquired.outcome === "unavailable") return;
        await this.#hold();
        if (!signal.aborted) await onLost();
      }
    }
  }

  /** Resolves to `undefined` when storage has failed. */
  async #acquire(): Promise<Acquisition | undefined> {
    try {
      return await this.#tryAcquire();
    } catch (error) {
      if (isDurableError(error, "StorageRejected")) {
        const text = `other apps are not kept off the hub: ${messageOf(error)}`;
        this.#log.write("AppLeaseUnavailable", text, {});
        return { outcome: "unavailable" };
      }
      this.#log.write("PartitionPassFailed", `the app lease could not be acquired: ${messageOf(error)}`, {});
      return undefined;
    }
  }

  async #tryAcquire(): Promise<Acquisition> {
    const { storage, container, leaseSeconds: durationSeconds } = this.#options;
    const info = (await this.#readInfo()) ?? (await this.#create());
    if (info.desiredSwapId === this.#id && info.ownerId !== undefined && info.ownerId !== this.#id) {
      const change = { container, leaseId: info.ownerId, newLeaseId: this.#id };
      const changed = await storage.perform({ kind: "blob.changeLease", ...change });
      if (changed.outcome === "done") {
        await this.#writeInfo({ ownerId: this.#id, desiredSwapId: undefined });
        return { outcome: "held" };
      }
    }
    const acquired = await storage.perform({
      kind: "blob.acquireLease",
      container,
      leaseId: this.#id,
      durationSeconds,
    });
    if (acquired.outcome !== "done") return { outcome: "other", ownerId: info.ownerId ?? "" };
    if (info.ownerId !== this.#id) await this.#writeInfo({ ...info, ownerId: this.#id });
    return { outcome: "held" };
  }

  /** Until it is lost, or this worker stops. */
  async #hold(): Promise<void> {
    const { storage, container, clock, renewIntervalMs } = this.#options;
    const { signal } = this.#stopping;
    for (;;) {
      await clock.sleep(renewIntervalMs, signal);
      if (signal.aborted) return;
      try {
        const renewed = await storage.perform({ kind: "blob.renewLease", container, leaseId: this.#id });
        if (renewed.outcome === "done") continue;
        return;
      } catch (error) {
        // L1.
        this.#log.write("PartitionPassFailed", `the app lease could not be renewed: ${messageOf(error)}`, {});
      }
    }
  }

  async #create(): Promise<AppLeaseInfo> {
    const { storage, container, infoBlob } = this.#options;
    await storage.perform({ kind: "blob.createContainer", container });
    const content = Buffer.from("{}", "utf8");
    await storage.perform({ kind: "blob.put", container, blob: infoBlob, content, ifAbsent: true });
    return { ownerId: undefined, desiredSwapId: undefined };
  }

  async #readInfo(): Promise<AppLeaseInfo | undefined> {
    const members = await this.#readJson(this.#options.infoBlob);
    return members && { ownerId: textOf(members["OwnerId"]), desiredSwapId: textOf(members["DesiredSwapId"]) };
  }

  async #writeInfo({ ownerId, desiredSwapId }: AppLeaseInfo): Promise<void> {
    const { storage, container, infoBlob, appName } = this.#options;
    const content = asJson({ OwnerId: ownerId ?? null, DesiredSwapId: desiredSwapId ?? null });
    await storage.perform({ kind: "blob.put", container, blob: infoBlob, content });
    if (appName === "") return;
    const name = asJson({ AppName: appName });
    await storage.perform({ kind: "blob.put", container, blob: nameBlob(this.#id), content: name }); // L3
  }

  /** Once for each app that is met. */
  async #tellOf(ownerId: string): Promise<void> {
    if (this.#toldOf === ownerId) return;
    this.#toldOf = ownerId;
    const { taskHub, appName } = this.#options;
    const members = await this.#readJson(nameBlob(ownerId)).catch(() => undefined);
    const name = textOf(members?.["AppName"]);
    const other = name === undefined ? describeUnnamed(ownerId) : `the app '${name}'`;
    const self = appName === "" ? "this app, which has no name," : `'${appName}'`;
    const text =
      `task hub ${taskHub} belongs to ${other}; ${self} waits until that stops. ` +
      "Give each app a task hub of its own, or the same app name to the processes of one app.";
    this.#log.write("AppLeaseHeldByOther", text, {});
  }

  async #readJson(blob: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const { storage, container } = this.#options;
    const reply = await storage.perform({ kind: "blob.get", container, blob, maxBytes: maxInfoBytes });
    if (reply.outcome !== "done") return undefined;
    try {
      const parsed: unknown = JSON.parse(Buffer.from(reply.value).toString("utf8"));
      return typeof parsed === "object" && parsed !== null ? (parsed as Readonly<Record<string, unknown>>) : {};
    } catch {
      return {};
    }
  }
}

function nameBlob(leaseId: string): string {
  return `apps/${leaseId}`;
}

function describeUnnamed(ownerId: string): string {
  if (ownerId === appLeaseIdOf("")) return "an app without a name";
  return `another app, of which only its lease id is known (${ownerId || "none"})`;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function asJson(members: Readonly<Record<string, unknown>>): Uint8Array {
  return Buffer.from(JSON.stringify(members), "utf8");
}
