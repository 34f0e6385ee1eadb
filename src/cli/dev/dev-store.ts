import { messageOf } from "../../core/errors.ts";
import type { AzuriteStore } from "../../hosting/azurite/azurite-store.ts";
import type { HostProcess } from "./host-process.ts";

/** The embedded store of `durable dev`: it is started for the first host that needs it, and outlives hosts. */
export class DevStore {
  readonly #folder: string;
  readonly #onWait: (text: string) => void;
  #store: Promise<AzuriteStore> | undefined;

  constructor(folder: string, onWait: (text: string) => void) {
    this.#folder = folder;
    this.#onWait = onWait;
  }

  /** Answers a host that asks for the store, and tells it when the store is gone. */
  async lend(host: HostProcess): Promise<void> {
    try {
      this.#store ??= this.#start();
      const { connectionString, folder, died } = await this.#store;
      host.tell({ durable: "store", connectionString, folder });
      void died.then((message) => host.tell({ durable: "storeDied", message }));
    } catch (error) {
      this.#store = undefined;
      host.tell({ durable: "noStore", message: messageOf(error) });
    }
  }

  /**
   * Starts it anew, if it runs: a host that was killed has held messages, which the store gives back when it starts. The
   * next host waits for it.
   */
  renew(): void {
    const store = this.#store;
    if (store === undefined) return;
    this.#store = store.then((each) => each.stop()).then(() => this.#start());
    this.#store.catch(() => {});
  }

  /** Has everything saved. */
  async stop(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await store?.then((each) => each.stop()).catch(() => {});
  }

  async #start(): Promise<AzuriteStore> {
    // Loaded by those who need it.
    const { openLocalStore } = await import("../../hosting/local-stores.ts");
    const store = await openLocalStore(this.#folder, this.#onWait);
    void store.died.then(() => {
      this.#store = undefined;
    });
    return store;
  }
}
