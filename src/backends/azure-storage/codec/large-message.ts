import { LongTextReader, LongTexts, longTextUnits } from "./long-text-json.ts";
import { formatMessageData, type MessageData, parseMessageData, type QueuedMessage } from "./message-data.ts";

/** `true` when a message has a text that is too long to be written at once. Never for what a queue can hold. */
export function hasLongText({ message }: MessageData): boolean {
  return isLong(message.event) || isLong(message.orchestrationTags);
}

function isLong(value: unknown): boolean {
  if (typeof value === "string") return value.length > longTextUnits;
  return typeof value === "object" && value !== null && Object.values(value).some(isLong);
}

/**
 * The same JSON as {@link formatMessageData}, in pieces that are made when they are asked for.
 *
 * @param mark as {@link LongTexts} takes it
 */
export function* formatLargeMessage(data: MessageData, mark: string): Generator<string> {
  const texts = new LongTexts(mark);
  const json = formatMessageData(texts.takeOut(data));
  yield* texts.write(json);
}

/**
 * Reads what {@link formatLargeMessage} has written, or another worker.
 *
 * @throws DurableError `CorruptData`, or what `pieces` throw
 */
export async function readLargeMessage(pieces: AsyncIterable<string>, mark: string): Promise<QueuedMessage> {
  const texts = new LongTexts(mark);
  const reader = new LongTextReader(texts);
  for await (const piece of pieces) reader.push(piece);
  return texts.putBack(parseMessageData(reader.end()));
}
