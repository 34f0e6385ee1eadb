import type { FunctionHandler, FunctionInput, FunctionOptions, InvocationContext } from "@azure/functions";
import { DurableError } from "../../core/errors.ts";
import { assertKind, assertOptionNames } from "../../core/option-names.ts";
import type { DurableClient } from "../durable-client.ts";
import type { ClientFunction } from "../embedded-host.ts";
import { assertFunctionName, type FoundClient } from "../http-function.ts";
import type { StarterHandler } from "../starters.ts";

/** Registers a function with the host, with what the hosting asks for besides its trigger. */
export type RegisterFunction = (extraInputs: readonly FunctionInput[]) => void;

/** The functions of an app that are given a client. Where a Functions host runs the process, they wait until the hosting is chosen. */
export class ClientRegistrations {
  readonly functions: ClientFunction[] = [];
  #waiting: RegisterFunction[] | undefined;
  #extraInputs: readonly FunctionInput[] = [];

  /** From now on functions wait for {@link release}. */
  hold(): void {
    this.#waiting ??= [];
  }

  add(added: ClientFunction, register: RegisterFunction): void {
    this.functions.push(added);
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

/** How functions with any trigger are registered that are given a client of an app. */
export interface ClientFunctions {
  /** Registers now, or once it is known which inputs the hosting asks for. */
  add(added: ClientFunction, register: RegisterFunction): void;
  /** @throws DurableError when there is no client, and no Functions host to answer to */
  findClient(context: InvocationContext): Promise<FoundClient>;
  /** @throws DurableError when there is no client */
  connect(context: InvocationContext): Promise<DurableClient>;
}

const ofApps = new WeakMap<object, ClientFunctions>();

/** Lets those of this package that register functions of an app do so. */
export function showClientFunctions(app: object, functions: ClientFunctions): void {
  ofApps.set(app, functions);
}

export function clientFunctionsOf(app: object): ClientFunctions {
  return ofApps.get(app)!;
}

/** What all functions have, besides what their trigger has. */
const commonNames = ["handler", "trigger", "return", "extraInputs", "extraOutputs", "retry"];

/** What a registration of `@azure/functions` takes. */
type Registered<Options> = Options & { readonly handler: FunctionHandler; extraInputs?: FunctionInput[] };

/** A kind of starter: its trigger, and what is checked of its options before the host sees them. */
export interface StarterKind {
  readonly triggerType: string;
  /** Options that it cannot do without. */
  readonly required: readonly string[];
  /** All others, where they are few and known; misspelt ones are refused then. @defaultValue any */
  readonly optional?: readonly string[];
}

/**
 * Registers a function that is given a client, with the inputs that the hosting asks for.
 *
 * @param register hands it over to `@azure/functions`
 * @throws DurableError `InvalidOption`
 */
export function registerStarter<Options extends object>(
  functions: ClientFunctions,
  name: string,
  kind: StarterKind,
  options: Options,
  register: (registered: Registered<Omit<Options, "handler">>) => void,
): void {
  assertStarter(name, kind, options);
  const { handler, extraInputs = [] } = options as unknown as Pick<FunctionOptions, "extraInputs"> & {
    readonly handler: StarterHandler<unknown>;
  };
  functions.add({ name, triggerType: kind.triggerType }, (asked) =>
    register({
      ...options,
      ...(extraInputs.length + asked.length > 0 && { extraInputs: [...extraInputs, ...asked] }),
      handler: async (trigger: unknown, context: InvocationContext) =>
        handler(trigger, await functions.connect(context), context),
    }),
  );
}

function assertStarter(name: string, { triggerType, required, optional }: StarterKind, options: object): void {
  assertFunctionName(name);
  const what = `the ${triggerType} function '${name}'`;
  const known = [...required, ...(optional ?? []), ...commonNames];
  assertOptionNames(options, optional === undefined ? [...known, ...Object.keys(options ?? {})] : known, what);
  const given = options as Readonly<Record<string, unknown>>;
  assertKind(given["handler"], "function", `'handler' of ${what}`);
  for (const option of required) {
    if (given[option] === undefined) throw new DurableError("InvalidOption", `${what} needs the option '${option}'`);
    if (option !== "trigger") assertKind(given[option], "text", `'${option}' of ${what}`);
  }
  assertKind(given["extraInputs"], "list", `'extraInputs' of ${what}`, true);
}
