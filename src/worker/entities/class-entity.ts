import { DurableError } from "../../core/errors.ts";
import type { EntityClass } from "./entity-definition.ts";
import { type EntityState, holdsState, type StateFormat } from "./entity-state.ts";

/** A method of an entity's class. */
export type OperationMethod = (this: object, input: unknown, context: unknown) => unknown;

/** Things by the name of an operation. A name that is not there exactly is looked up ignoring case, as .NET does. */
export class OperationTable<T> {
  readonly #exact = new Map<string, T>();
  readonly #folded = new Map<string, T>();

  /** @param entries of two with one name the first counts */
  constructor(entries: Iterable<readonly [name: string, value: T]>) {
    for (const [name, value] of entries) {
      if (!this.#exact.has(name)) this.#exact.set(name, value);
      const folded = name.toLowerCase();
      if (!this.#folded.has(folded)) this.#folded.set(folded, value);
    }
  }

  get names(): readonly string[] {
    return [...this.#exact.keys()];
  }

  find(name: string): T | undefined {
    return this.#exact.get(name) ?? this.#folded.get(name.toLowerCase());
  }
}

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
    else if (this.#instance !== undefined) this.#text = this.#write(this.#instance);
    this.rollback();
  }

  rollback(): void {
    this.#instance = undefined;
    this.#isDeleted = false;
  }

  #write(instance: object): string | undefined {
    const hasToJson = "toJSON" in instance;
    return this.#format.write(this.#format.isJson && !hasToJson ? fieldsOf(instance) : instance);
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

/** What JSON keeps of an instance: functions in its fields are made by the constructor, as are private fields. */
function fieldsOf(instance: object): object {
  return Object.fromEntries(Object.entries(instance).filter(([, value]) => typeof value !== "function"));
}
