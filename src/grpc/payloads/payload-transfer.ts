import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { DurableError } from "../../core/errors.ts";
import { mapConcurrently } from "../../core/map-concurrently.ts";
import type { PayloadStore } from "../../core/payloads/payload-store.ts";
import { payloadSlots, type TextSlot } from "./payload-fields.ts";

/** From so many bytes on a payload leaves its message, as with .NET. */
const defaultThresholdBytes = 262_144;
const defaultMaxBytes = 10 * 1024 * 1024;
const maxConcurrentTransfers = 16;

/**
 * Puts the large payloads of a message that is to be sent into the store, and their tokens in their places. Messages
 * inside that were created already are changed as they are; to do it again changes nothing.
 *
 * @param instanceId whose message it is, for the store
 * @throws DurableError `InvalidPayload` for a payload above the store's limit; what the store throws
 */
export async function offloadPayloads<D extends DescMessage>(
  schema: D,
  init: MessageInitShape<D>,
  store: PayloadStore,
  instanceId?: string,
): Promise<MessageShape<D>> {
  const { thresholdBytes = defaultThresholdBytes, maxBytes = defaultMaxBytes } = store;
  const message = create(schema, init);
  const large = payloadSlots(schema, message, "writing").filter(({ text }) => hasBytes(text, thresholdBytes));
  for (const { text } of large) assertSize(text, maxBytes, schema.name);
  await transfer(large, ({ text }) => store.upload(text, instanceId));
  return message;
}

/**
 * Puts the payloads in the places of their tokens, in a message that was received. The message is changed as it is.
 *
 * @throws DurableError what the store throws, `CorruptData` for a token that leads nowhere
 */
export async function resolvePayloads<D extends DescMessage>(
  schema: D,
  message: MessageShape<D>,
  store: PayloadStore,
): Promise<MessageShape<D>> {
  const tokens = payloadSlots(schema, message, "reading").filter(({ text }) => store.isToken(text));
  await transfer(tokens, ({ text }) => store.download(text));
  return message;
}

/** Nothing is put anywhere unless all of it could be had. */
async function transfer(slots: readonly TextSlot[], map: (slot: TextSlot) => Promise<string>): Promise<void> {
  const texts = await mapConcurrently(slots, maxConcurrentTransfers, map);
  for (const [index, slot] of slots.entries()) slot.put(texts[index]!);
}

/** A UTF-16 unit takes one to three bytes, so that most texts need not be measured. */
function hasBytes(text: string, bytes: number): boolean {
  if (text.length * 3 < bytes) return false;
  return text.length >= bytes || Buffer.byteLength(text) >= bytes;
}

function assertSize(text: string, maxBytes: number, what: string): void {
  if (!hasBytes(text, maxBytes + 1)) return;
  throw new DurableError(
    "InvalidPayload",
    `a payload of ${what} has ${Buffer.byteLength(text)} bytes, and ${maxBytes} are the most that the payload store ` +
      "takes; keep the data in a blob or file of your own and pass its name",
  );
}
