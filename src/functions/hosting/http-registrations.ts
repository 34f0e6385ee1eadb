import type { FunctionInput, HttpResponseInit, InvocationContext } from "@azure/functions";
import type { DurableClient } from "../durable-client.ts";

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

/** The client of one call, or what an HTTP function answers because there is none. */
export type FoundClient = { readonly client: DurableClient } | { readonly answer: HttpResponseInit };

/** How functions with any trigger are registered that are given a client of an app. */
export interface ClientFunctions {
  /** Registers now, or once it is known which inputs the hosting asks for. */
  add(name: string, register: RegisterHttp): void;
  /** @throws DurableError when there is no client, and no Functions host to answer to */
  findClient(context: InvocationContext): Promise<FoundClient>;
}

const ofApps = new WeakMap<object, ClientFunctions>();

/** Lets those of this package that register functions of an app do so. */
export function showClientFunctions(app: object, functions: ClientFunctions): void {
  ofApps.set(app, functions);
}

export function clientFunctionsOf(app: object): ClientFunctions {
  return ofApps.get(app)!;
}
