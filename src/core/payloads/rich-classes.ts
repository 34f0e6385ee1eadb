import { DurableError } from "../errors.ts";
import { assertOptions, type OptionKinds } from "../option-names.ts";

// biome-ignore lint/suspicious/noExplicitAny: constructors of every kind can be registered.
type Constructor = abstract new (...args: any[]) => object;

/** A class as it is registered: itself, or with how its instances are written and read. */
export type RichClass = Constructor | RichClassDefinition;

/** How instances of a class are written and read. */
export interface RichClassDefinition {
  /** The class. */
  readonly type: Constructor;
  /** Name in payloads; stays as it is when the class is renamed or minified. @defaultValue the name of the class */
  readonly name?: string | undefined;
  /** What is kept of an instance. @defaultValue its own enumerable properties */
  // biome-ignore lint/suspicious/noExplicitAny: the instance is one of `type`.
  readonly write?: ((instance: any) => unknown) | undefined;
  /**
   * Makes an instance of what was kept; needed by classes with private members.
   *
   * @defaultValue an object with the prototype of the class and the properties, made without calling the constructor
   */
  // biome-ignore lint/suspicious/noExplicitAny: what `write` gave.
  readonly read?: ((kept: any) => object) | undefined;
}

const definitionKinds: OptionKinds<RichClassDefinition> = {
  // Together with its name, below.
  type: "any",
  name: "any",
  write: "function",
  read: "function",
};

interface ResolvedClass {
  readonly name: string;
  readonly write: (instance: object) => unknown;
  readonly read: (kept: unknown) => unknown;
}

/** The registered classes: the only ones that payloads can name. Found by prototype, so subclasses need an entry. */
export class RichClasses {
  readonly #byName = new Map<unknown, ResolvedClass>();
  readonly #byPrototype = new Map<object, ResolvedClass>();

  /** @throws DurableError `InvalidOption` */
  constructor(classes: readonly RichClass[]) {
    for (const given of classes) {
      const definition: RichClassDefinition = typeof given === "function" ? { type: given } : given;
      assertOptions(definition, definitionKinds, "a class of a data converter");
      const { type } = definition;
      const name = definition.name ?? type?.name;
      if (typeof type !== "function" || typeof name !== "string" || name === "") {
        throw new DurableError("InvalidOption", "a class of a data converter must be a constructor with a name");
      }
      if (this.#byName.has(name)) {
        throw new DurableError("InvalidOption", `a data converter has two classes named '${name}'; give one a name`);
      }
      const resolved = {
        name,
        write: definition.write ?? ((instance: object) => Object.fromEntries(Object.entries(instance))),
        read: definition.read ?? ((kept: unknown) => revive(type, kept)),
      };
      this.#byName.set(name, resolved);
      this.#byPrototype.set(type.prototype, resolved);
    }
  }

  /** The class of an instance, if it is registered. */
  find(instance: object): ResolvedClass | undefined {
    return this.#byPrototype.get(Object.getPrototypeOf(instance));
  }

  /** @throws TypeError for a name that is not registered */
  get(name: unknown): ResolvedClass {
    const found = this.#byName.get(name);
    if (found === undefined) throw new TypeError(`the class ${JSON.stringify(name)} is not registered`);
    return found;
  }
}

function revive(type: Constructor, kept: unknown): object {
  if (typeof kept !== "object" || kept === null) throw new TypeError(`an instance of '${type.name}' is malformed`);
  const instance = Object.create(type.prototype);
  for (const [name, value] of Object.entries(kept)) {
    Object.defineProperty(instance, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return instance;
}
