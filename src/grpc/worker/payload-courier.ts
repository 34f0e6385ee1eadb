import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { PayloadStore } from "../../core/payloads/payload-store.ts";
import { offloadPayloads, resolvePayloads } from "../payloads/payload-transfer.ts";

/** Brings the payloads of work from the store, and those of its outcomes to it. Without a store they stay as they are. */
export class PayloadCourier {
  readonly #store: PayloadStore | undefined;

  constructor(store: PayloadStore | undefined) {
    this.#store = store;
  }

  /** In place. @throws DurableError `CorruptData` for a payload that is not there; what the store throws */
  async resolve<D extends DescMessage>(schema: D, message: MessageShape<D>): Promise<void> {
    if (this.#store !== undefined) await resolvePayloads(schema, message, this.#store);
  }

  /** @throws DurableError `InvalidPayload` for one that the store does not take; what the store throws */
  async offload<D extends DescMessage>(
    schema: D,
    init: MessageInitShape<D>,
    instanceId: string,
  ): Promise<MessageInitShape<D>> {
    return this.#store === undefined ? init : offloadPayloads(schema, init, this.#store, instanceId);
  }
}
