import type { FunctionInput } from "@azure/functions";

/** Registers an HTTP function with the host, with what the hosting asks for besides its trigger. */
export type RegisterHttp = (extraInputs: readonly FunctionInput[]) => void;

/** The HTTP functions of an app. Where a Functions host runs the process, they wait until the hosting is chosen. */
export class HttpRegistrations {
  readonly names: string[] = [];
  #waiting: RegisterHttp[] | undefined;
  #extraInputs: readonly FunctionInput[] = [];

  /** From now on functions wait for {@link release}. */
  hold(): void {
    this.#waiting ??= [];
  }

  add(name: string, register: RegisterHttp): void {
    this.names.push(name);
    if (this.#waiting === undefined) register(this.#extraInputs);
    else this.#waiting.push(register);
  }

  /** Registers what waits, and from now on each at once. @throws what a registration throws */
  release(extraInputs: readonly FunctionInput[]): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#extraInputs = extraInputs;
    for (const register of waiting) register(extraInputs);
  }
}
