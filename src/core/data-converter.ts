import { DurableError } from "./errors.ts";

/**
 * Turns user values into the JSON text that history keeps, and back. Used at the edge to user code only: the engine and
 * the backends carry payloads as opaque text.
 */
export interface DataConverter {
  /** @throws DurableError `InvalidPayload` when the value has no JSON form; `what` names it in the message. */
  serialize(value: unknown, what: string): string | undefined;
  /** @throws DurableError `InvalidPayload` when the text is not JSON. */
  deserialize(text: string | undefined, what: string): unknown;
}

/** Plain JSON. `undefined` has no text and comes back as `undefined`. */
export const jsonDataConverter: DataConverter = {
  serialize(value, what) {
    if (value === undefined) return undefined;
    let text: string | undefined;
    try {
      text = JSON.stringify(value);
    } catch (cause) {
      throw new DurableError("InvalidPayload", `${what} cannot be written as JSON: ${(cause as Error).message}`, {
        cause,
      });
    }
    if (text === undefined) {
      throw new DurableError("InvalidPayload", `${what} is a ${typeof value}, which has no JSON form`);
    }
    return text;
  },
  deserialize(text, what) {
    if (text === undefined || text === "") return undefined;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new DurableError("InvalidPayload", `${what} is not JSON: ${(cause as Error).message}`, { cause });
    }
  },
};
