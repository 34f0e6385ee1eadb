import type { UserLogger } from "../../core/ports.ts";
import { createLog, type FunctionJsonContext } from "../../functions/compat/function-json.ts";
import { FunctionJsonHttpResponse } from "./function-json-http.ts";
import type { FunctionCallback, FunctionRegistration } from "./function-metadata.ts";

/** One call of a function with a function.json. */
export interface FunctionJsonCall {
  readonly invocationId: string;
  readonly functionName: string;
  readonly functionDirectory: string;
  readonly bindings: FunctionRegistration["bindings"];
  /** Values of the inputs by the name of their binding. */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly bindingData: Readonly<Record<string, unknown>>;
  readonly logger: UserLogger;
}

/** What a function is given first: everything else is a member of it. */
export interface CallContext extends FunctionJsonContext {
  req?: unknown;
  res?: unknown;
  done(error?: unknown, result?: unknown): void;
}

/** The context of one call, and when the function has said that it is done. */
export class RunningCall {
  readonly context: CallContext;
  /** The inputs in the order of their bindings: arguments after the context. */
  readonly inputs: readonly unknown[];
  readonly #done: Promise<unknown>;

  constructor(call: FunctionJsonCall) {
    const { invocationId, functionName, functionDirectory, bindings, inputs } = call;
    let settle!: (error: unknown, result: unknown) => void;
    this.#done = new Promise((resolve, reject) => {
      settle = (error, result) => (error === undefined || error === null ? resolve(result) : reject(error));
    });
    this.#done.catch(() => {});
    const incoming = Object.entries(bindings).filter(([, { direction }]) => direction !== "out");
    const values = incoming.map(([name]) => [name, inputs[name]] as const);
    const request = values.find(([name]) => bindings[name]?.type.toLowerCase() === "httptrigger")?.[1];
    this.inputs = values.map(([, value]) => value);
    this.context = {
      invocationId,
      executionContext: { invocationId, functionName, functionDirectory },
      bindings: Object.fromEntries(values),
      bindingData: { ...call.bindingData, invocationId },
      log: createLog(call.logger),
      done: (error, result) => settle(error, result),
      ...(request !== undefined && {
        req: request,
        res: new FunctionJsonHttpResponse(() => settle(undefined, undefined)),
      }),
    };
  }

  /**
   * What the function gives: a promise, a value, or what it says to `context.done`. One that returns nothing and is not
   * async is over when it says so.
   *
   * @throws what the function throws
   */
  async run(code: FunctionCallback): Promise<unknown> {
    const returned = code(this.context, ...this.inputs);
    return returned === undefined ? await this.#done : await returned;
  }

  /** What the function gave to the binding of that name. */
  outputOf(name: string, result: unknown): unknown {
    if (name === "$return") return result;
    const { bindings, res } = this.context;
    const own = bindings[name] ?? (isObject(result) ? result[name] : undefined);
    if (own !== undefined || name !== "res") return own;
    return res instanceof FunctionJsonHttpResponse && !res.isUsed ? undefined : res;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
