import { randomUUID } from "node:crypto";
import type { RegisteredFunction } from "../../../src/host/app/function-metadata.ts";
import { findTrigger } from "../../../src/host/app/function-metadata.ts";
import { FunctionsCore, type ProgrammingModel } from "../../../src/host/app/functions-core.ts";
import { createInvocationRequest, invokeFunction } from "../../../src/host/app/invocation.ts";
import { injectModule } from "../../../src/host/app/module-injection.ts";
import type { TypedData } from "../../../src/host/app/typed-data.ts";

/** `@azure/functions` asks for its core module once in a process; what it gets speaks to the worker of now. */
let current: object | undefined;
let isInjected = false;
/** Set once in a process too, by whichever app came first. */
let model: ProgrammingModel | undefined;

function injectOnce(): void {
  if (isInjected) return;
  isInjected = true;
  injectModule("@azure/functions-core", new Proxy({}, { get: (_, name) => Reflect.get(current!, name) }));
}

export interface Call {
  readonly value: TypedData;
  readonly metadata?: Readonly<Record<string, TypedData>>;
  /** Receives what the function logs. */
  readonly log?: (line: string) => void;
}

/**
 * A worker of the genuine Functions host, as far as an app can tell, in this process: it loads an app, runs its hooks,
 * closes registration, and calls functions through `@azure/functions`.
 */
export class FunctionsWorkerDouble {
  readonly core: FunctionsCore;
  /** What the app wrote to the log outside of calls. */
  readonly lines: string[] = [];

  private constructor() {
    this.core = new FunctionsCore({ version: "3.14.0", log: (_level, _category, message) => this.lines.push(message) });
  }

  /** @param register what the entry files of the app do */
  static async load(register: () => void): Promise<FunctionsWorkerDouble> {
    const worker = new FunctionsWorkerDouble();
    injectOnce();
    const module = worker.core.createModule() as { setProgrammingModel(model: ProgrammingModel): void };
    if (model !== undefined) module.setProgrammingModel(model);
    current = module;
    // Another process would know nothing of the app before it.
    for (const key of Object.getOwnPropertySymbols(globalThis)) {
      if (key.description?.startsWith("durable-functions-ts.function-app.")) Reflect.deleteProperty(globalThis, key);
    }
    register();
    await worker.core.runAppHooks("appStart");
    worker.core.lock();
    model = worker.core.model;
    return worker;
  }

  async terminate(): Promise<void> {
    await this.core.runAppHooks("appTerminate");
  }

  /** Names compare ignoring case, as in the extension. */
  find(triggerType: string, name: string): RegisteredFunction | undefined {
    return this.core.functions.find(({ metadata }) => {
      const { type, ...options } = findTrigger(metadata)?.binding ?? { type: "" };
      const own = options["orchestration"] ?? options["activity"] ?? options["entityName"] ?? metadata.name;
      return type === triggerType && String(own).toLowerCase() === name.toLowerCase();
    });
  }

  /** @throws what the function throws */
  async call(fn: RegisteredFunction, { value, metadata = {}, log }: Call): Promise<TypedData | undefined> {
    const inputs: Record<string, TypedData> = {};
    for (const [name, { type }] of Object.entries(fn.metadata.bindings)) {
      if (/trigger$/i.test(type)) inputs[name] = value;
      else if (type === "durableClient") inputs[name] = { string: JSON.stringify(this.clientBinding) };
    }
    const request = createInvocationRequest({ fn, invocationId: randomUUID(), inputs, triggerMetadata: metadata });
    const { response } = await invokeFunction(this.core, fn, request, ({ category, message }) => {
      if (category.endsWith(".User")) log?.(message);
    });
    return response.returnValue ?? undefined;
  }

  /** What functions with the input `durableClient` are handed. */
  clientBinding: unknown;
}
