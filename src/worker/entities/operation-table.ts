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
