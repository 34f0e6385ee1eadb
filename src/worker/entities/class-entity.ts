import { DurableError } from "../../core/errors.ts";
import type { EntityClass } from "./entity-definition.ts";
import { type EntityState, holdsState, type StateFormat } from "./entity-state.ts";
import { OperationTable } from "./operation-table.ts";

/** A method of an entity's class. */
export type OperationMethod = (this: object, input: unknown, context: unknown) => unknown;

/** What every object has is no operation, whoever defines it anew. */
const namesOfObject: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** The methods of a class and of its bases. Others cannot be reached by a name that comes from outside. */
export function findOperations(entityClass: EntityClass): OperationTable<OperationMethod> {
  const methods = new Map<string, OperationMethod | undefined>();
  let prototype: object | null = entityClass.prototype as object;
  while (prototype !== null && prototype !== Object.prototype) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      // What a derived class has under a name hides the method of its base.
      if (!methods.has(name)) methods.set(name, typeof value === "function" ? value : undefined);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return new OperationTable(
    [...methods].flatMap(([name, method]) =>
      method === undefined || namesOfObject.has(name) ? [] : [[name, method] as const],
    ),
  );
}

/**
 * The state of an entity that is a class: an instance for each operation, made from the text. One that lived on would
 * keep what the text does not (a `Date`, a private field), but only as far as the batch goes, which nobody can foresee.
 */
export class InstanceState implements EntityState {
  readonly #class: EntityClass;
  readonly #format: StateFormat;
  readonly #what: string;
  #text: string | undefined;
  #instance: object | undefined;
  #isDeleted = false;

  /** @param what names the entity in errors */
  constructor(text: string | undefined, format: StateFormat, entityClass: EntityClass, what: string) {
    this.#text = text;
    this.#format = format;
    this.#class = entityClass;
    this.#what = what;
  }

  get text(): string | undefined {
    return this.#text;
  }

  get exists(): boolean {
    return holdsState(this.#text);
  }

  get(): object {
    this.#instance ??= this.#load();
    return this.#instance;
  }

  set(): never {
    throw new DurableError(
      "NotSupported",
      `the fields of ${this.#what} are its state: assign to them, or call destructOnExit() to delete it`,
    );
  }

  delete(): void {
    this.#isDeleted = true;
  }

  commit(): void {
    if (this.#isDeleted) this.#text = undefined;
    else if (this.#instance !== undefined) this.#text = this.#format.write(this.#instance);
    this.rollback();
  }

  rollback(): void {
    this.#instance = undefined;
    this.#isDeleted = false;
  }

  /** The constructor runs each time: fields that the stored state does not have yet begin with their initial values. */
  #load(): object {
    if (!holdsState(this.#text)) return new this.#class();
    const stored = this.#format.read(this.#text);
    // Converters can be told to bring instances back themselves.
    if (stored instanceof this.#class) return stored;
    if (typeof stored !== "object" || stored === null || Array.isArray(stored)) {
      const found = Array.isArray(stored) ? "an array" : `a ${typeof stored}`;
      throw new DurableError("InvalidPayload", `the state of ${this.#what} must be an object, but it is ${found}`);
    }
    const instance: object = new this.#class();
    for (const [name, value] of Object.entries(stored)) assignField(instance, name, value);
    return instance;
  }
}

/** Sets a field, never what a prototype has under that name: a setter, a method, `__proto__`. */
function assignField(instance: object, name: string, value: unknown): void {
  if (Object.hasOwn(instance, name)) (instance as Record<string, unknown>)[name] = value;
  else Object.defineProperty(instance, name, { value, writable: true, enumerable: true, configurable: true });
}
