import { type DataConverter, jsonDataConverter } from "../../core/payloads/data-converter.ts";
import type { StandardSchema } from "../../core/payloads/standard-schema.ts";
import { validateSync } from "../../core/payloads/standard-schema.ts";

/** The state of one entity while a batch runs on it: what is committed, and what the operation under way has made of it. */
export interface EntityState {
  /** JSON text of what is committed. */
  readonly text: string | undefined;
  /** There is a committed state. */
  readonly exists: boolean;
  /** What the operation under way sees. @throws DurableError `InvalidPayload` */
  get(initializer?: () => unknown): unknown;
  /** @throws DurableError `InvalidPayload`, `NotSupported` */
  set(value: unknown): void;
  delete(): void;
  /** Ends an operation. @throws DurableError `InvalidPayload`: then it has to be rolled back */
  commit(): void;
  rollback(): void;
}

/** Turns a state into text and back. */
export class StateFormat {
  readonly #dataConverter: DataConverter;
  readonly #schema: StandardSchema | undefined;
  readonly #what: string;

  constructor(dataConverter: DataConverter, schema: StandardSchema | undefined, what: string) {
    this.#dataConverter = dataConverter;
    this.#schema = schema;
    this.#what = what;
  }

  /** Plain JSON: of an instance its fields alone are kept. */
  get isJson(): boolean {
    return this.#dataConverter === jsonDataConverter;
  }

  /** @throws DurableError `InvalidPayload` */
  read(text: string): unknown {
    return validateSync(this.#schema, this.#dataConverter.deserialize(text, this.#what), this.#what);
  }

  /**
   * What is written has to be readable: the schema is run over it as it will be when it is loaded.
   *
   * @throws DurableError `InvalidPayload`
   */
  write(value: unknown): string | undefined {
    const text = this.#dataConverter.serialize(value, this.#what);
    if (text !== undefined && this.#schema !== undefined) this.read(text);
    return text;
  }
}

/** Other SDKs keep a state that was deleted as `null`. */
export function holdsState(text: string | undefined): text is string {
  return text !== undefined && text !== "" && text !== "null";
}

/** The state of an entity that is a function: text, of which the code is given copies. */
export class TextState implements EntityState {
  readonly #format: StateFormat;
  #text: string | undefined;
  #next: string | undefined;

  constructor(text: string | undefined, format: StateFormat) {
    this.#text = text;
    this.#next = text;
    this.#format = format;
  }

  get text(): string | undefined {
    return this.#text;
  }

  get exists(): boolean {
    return holdsState(this.#text);
  }

  get(initializer?: () => unknown): unknown {
    return holdsState(this.#next) ? this.#format.read(this.#next) : initializer?.();
  }

  set(value: unknown): void {
    if (value === undefined || value === null) this.delete();
    else this.#next = this.#format.write(value);
  }

  delete(): void {
    this.#next = undefined;
  }

  commit(): void {
    this.#text = this.#next;
  }

  rollback(): void {
    this.#next = this.#text;
  }
}
