import type { Backend } from "../../src/engine/backend.ts";

/**
 * A process of a hub that can be killed: from then on nothing that it asks its backend for is done, and no answer comes
 * back to it, so that its locks run out.
 */
export class MortalProcess {
  readonly backend: Backend;
  #isDead = false;
  readonly #onCall: (operation: string, call: number, when: "before" | "after") => void;
  #calls = 0;

  /** @param onCall is told of each call, before and after it has had its effect: it may kill */
  constructor(
    backend: Backend,
    onCall: (operation: string, call: number, when: "before" | "after") => void = () => {},
  ) {
    this.#onCall = onCall;
    this.backend = new Proxy(backend, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (name === "start") return member.bind(target) as unknown;
        return (...args: unknown[]) => this.#call(String(name), () => member.apply(target, args) as unknown);
      },
    });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  kill(): void {
    this.#isDead = true;
  }

  async #call(operation: string, call: () => unknown): Promise<unknown> {
    // Stopping belongs to the test, not to the process.
    if (operation === "stop") return await call();
    const count = ++this.#calls;
    if (!this.#isDead) this.#onCall(operation, count, "before");
    if (this.#isDead) return await never;
    const result = await call();
    if (!this.#isDead) this.#onCall(operation, count, "after");
    return this.#isDead ? await never : result;
  }
}

const never = new Promise<never>(() => {});
