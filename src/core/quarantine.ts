import { DurableError } from "./errors.ts";
import { assertKind, assertOptions } from "./option-names.ts";

/** A message that no worker could read, or that makes no sense where it was, as its queue had it. */
export interface QuarantinedMessage {
  /** Names it here: the queue, the message, and its last delivery. */
  readonly id: string;
  /** Name of the queue that it was in. */
  readonly queue: string;
  /** Id of the message in that queue. */
  readonly messageId: string;
  /** Why it was put aside. No payloads. */
  readonly reason: string;
  /** How often it was received. */
  readonly deliveryCount: number;
  /** When it was put into the queue. */
  readonly insertedAt: Date;
  /** When it was put aside. */
  readonly quarantinedAt: Date;
  /** For whom it was, if its text says so. */
  readonly instanceId: string | undefined;
  /** What it carried, if its text says so: `EventRaised`, say. Never a name that the format does not know. */
  readonly eventType: string | undefined;
  /** Characters of its text. */
  readonly length: number;
}

/** With its text, which may hold payloads of users. */
export interface QuarantinedContent extends QuarantinedMessage {
  /** As it stood in the queue: JSON, Base64, or whatever it was. */
  readonly text: string;
}

/** One page of messages that were put aside. */
export interface QuarantinePage {
  /** The messages of the page, without their texts. */
  readonly messages: readonly QuarantinedMessage[];
  /** Absent after the last page. */
  readonly continuationToken: string | undefined;
}

/** Which page is wanted. */
export interface QuarantineQuery {
  /** Most messages of a page, 1 to 1000. @defaultValue 100 */
  readonly pageSize?: number | undefined;
  /** Of the page before. */
  readonly continuationToken?: string | undefined;
}

/** The messages of a task hub that were put aside, so that they hold nobody up and are not lost. */
export interface Quarantine {
  /** Without their texts. @throws DurableError `InvalidOption` */
  list(query?: QuarantineQuery): Promise<QuarantinePage>;
  /** With its text; `undefined` for an unknown id. */
  get(id: string): Promise<QuarantinedContent | undefined>;
  /**
   * Puts a message back into a queue, as it was: into the one where it belongs, as far as its text can be read by now, else
   * into the one that it came from. It is delivered at least once, as every message. Resolves to `false` for an unknown id.
   */
  requeue(id: string): Promise<boolean>;
  /** Deletes a message for good. Resolves to `false` for an unknown id. */
  drop(id: string): Promise<boolean>;
}

/** That of a hub which puts no message aside. */
export const emptyQuarantine: Quarantine = {
  list: async () => ({ messages: [], continuationToken: undefined }),
  get: async () => undefined,
  requeue: async () => false,
  drop: async () => false,
};

/** What callers hand over is looked at before anything is read. */
function checked(quarantine: Quarantine): Quarantine {
  const assertId = (id: unknown) => assertKind(id, "text", "the id of a message that was put aside");
  return {
    async list(query = {}) {
      assertOptions(query, { pageSize: "count", continuationToken: "text" }, "quarantine.list");
      return quarantine.list(query);
    },
    async get(id) {
      assertId(id);
      return quarantine.get(id);
    },
    async requeue(id) {
      assertId(id);
      return quarantine.requeue(id);
    },
    async drop(id) {
      assertId(id);
      return quarantine.drop(id);
    },
  };
}

/** @throws DurableError `NotSupported` where a client has none */
export function requireQuarantine({ quarantine }: { readonly quarantine?: Quarantine | undefined }): Quarantine {
  if (quarantine !== undefined) return checked(quarantine);
  throw new DurableError(
    "NotSupported",
    "messages that were put aside are shown to clients of the storage only, not through a service",
  );
}
