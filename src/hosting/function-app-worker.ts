import { createHash } from "node:crypto";
import type { StorageTransport } from "../backends/azure-storage/storage/storage-request.ts";
import { messageOf } from "../core/errors.ts";
import { createEventLog, type EventLog } from "../core/event-log.ts";
import type { Clock, LogSink } from "../core/ports.ts";
import type { Environment } from "../host/settings/host-json.ts";
import type { HubWorker } from "./hub-worker.ts";
import {
  createMachineWorkerId,
  forgetMachineWorkerId,
  isDeadOnMachine,
  machineIdOf,
  readMachineTraits,
} from "./machine.ts";
import { journalFolder, ReceiptJournal } from "./receipt-journal.ts";
import type { WakeQueue } from "./wake-queue.ts";

/** A process of a Function App as worker of its hub: what it leaves behind when it is killed, the next one takes over. */
export class FunctionAppWorker implements HubWorker {
  readonly workerId: string;
  readonly #machineId: string;
  readonly #journal: ReceiptJournal;
  readonly #events: EventLog;
  readonly #clock: Clock;
  /** Of those that have been met. */
  readonly #dead = new Set<string>();
  #wakeQueue: WakeQueue | undefined;

  constructor(options: {
    readonly env: Environment;
    readonly taskHub: string;
    /** Tells the storage account from others; it is hashed, not kept. */
    readonly accountId: string;
    readonly clock: Clock;
    readonly log: LogSink;
  }) {
    const { env, taskHub, accountId, clock, log } = options;
    this.#clock = clock;
    this.#machineId = machineIdOf(readMachineTraits(env));
    this.workerId = createMachineWorkerId(this.#machineId);
    this.#events = createEventLog(log, { taskHub, workerId: this.workerId });
    const hubId = createHash("sha256").update(`${taskHub.toLowerCase()}\n${accountId}`).digest("hex").slice(0, 12);
    this.#journal = new ReceiptJournal(journalFolder(this.#machineId, hubId), this.workerId, (reason) => {
      const text = `what this process holds cannot be written down: ${messageOf(reason)}`;
      this.#events.write("ReceiptJournalUnusable", text, { reason: messageOf(reason) });
    });
  }

  /** What a worker held that turns out to be dead is given back at once. */
  isDeadWorker(workerId: string): boolean {
    const isDead = isDeadOnMachine(workerId, this.#machineId);
    if (isDead && !this.#dead.has(workerId)) {
      this.#dead.add(workerId);
      void this.succeedTheDead();
    }
    return isDead;
  }

  watch(transport: StorageTransport): StorageTransport {
    const watched = this.#journal.watch(transport);
    return this.#wakeQueue?.watch(watched) ?? watched;
  }

  /** To be called before the hub is opened. */
  wakeBy(wakeQueue: WakeQueue | undefined): void {
    this.#wakeQueue = wakeQueue;
  }

  /** Gives back what killed processes of this machine held. Never rejects. */
  async succeedTheDead(): Promise<void> {
    try {
      const isDead = (workerId: string) => isDeadOnMachine(workerId, this.#machineId);
      const count = await this.#journal.releaseOfTheDead(isDead, this.#clock.now());
      if (count === 0) return;
      const text = `${count} message(s) that a killed process held are delivered again`;
      this.#events.write("HeldMessagesReleased", text, { count });
    } catch {
      // They come again when their time runs out.
    }
  }

  /** The worker has stopped. */
  close(): void {
    this.#journal.close();
    forgetMachineWorkerId(this.workerId);
  }
}
