import { create, toBinary } from "@bufbuild/protobuf";
import type { HistoryEvent } from "../../core/history-event.ts";
import type { HistoryWriter } from "../codec/history-writer.ts";
import { HistoryEventSchema } from "../proto/orchestrator_service_pb.ts";

/** An event as it stands in a message. */
export function encodeEvent(writer: HistoryWriter, event: HistoryEvent): Uint8Array {
  return toBinary(HistoryEventSchema, create(HistoryEventSchema, writer.write(event)));
}

/**
 * Encoded messages of one repeated field, behind one another as protobuf has them. Grows in place, so that a history of
 * many events is copied once per request instead of being encoded for it.
 */
export class RepeatedField {
  readonly #tag: number;
  #buffer: Uint8Array;
  #length = 0;
  /** Where each entry begins. */
  readonly #starts: number[] = [];

  /** @param fieldNumber at most 15 */
  constructor(fieldNumber: number) {
    this.#tag = (fieldNumber << 3) | 2;
    this.#buffer = new Uint8Array(1024);
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  add(message: Uint8Array): void {
    const needed = this.#length + 6 + message.length;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      larger.set(this.bytes);
      this.#buffer = larger;
    }
    this.#starts.push(this.#length);
    this.#buffer[this.#length++] = this.#tag;
    for (let rest = message.length; ; rest >>>= 7) {
      this.#buffer[this.#length++] = rest > 127 ? (rest & 127) | 128 : rest;
      if (rest <= 127) break;
    }
    this.#buffer.set(message, this.#length);
    this.#length += message.length;
  }

  /**
   * Cuts the entries into messages that have them in another field.
   *
   * @param fieldNumber at most 15
   * @param maxBytes of one part; an entry is never cut, so one that is larger stands alone
   */
  *split(fieldNumber: number, maxBytes: number): Iterable<Uint8Array> {
    const starts = [...this.#starts, this.#length];
    for (let first = 0; first < starts.length - 1; ) {
      const from = starts[first]!;
      let next = first + 1;
      while (next < starts.length - 1 && starts[next + 1]! - from <= maxBytes) next++;
      const part = this.#buffer.slice(from, starts[next]);
      for (let entry = first; entry < next; entry++) part[starts[entry]! - from] = (fieldNumber << 3) | 2;
      yield part;
      first = next;
    }
  }
}
