import type { FunctionsLogLevel } from "../host-log.ts";
import type { FunctionCallback, FunctionRegistration, RegisteredFunction } from "./function-metadata.ts";
import type { TypedData } from "./typed-data.ts";

export type HookName = "preInvocation" | "postInvocation" | "appStart" | "appTerminate" | "log";
type HookContext = Record<string, unknown>;
export type HookCallback = (context: HookContext) => unknown;
type LogCategory = "user" | "system" | "customMetric";

/** The library that turns invocations into calls of handlers: `@azure/functions` itself. */
export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(coreContext: CoreInvocationContext): InvocationModel | Promise<InvocationModel>;
  getCapabilities?(
    capabilities: Record<string, string>,
  ): Record<string, string> | undefined | Promise<Record<string, string> | undefined>;
}

export interface CoreInvocationContext {
  readonly invocationId: string;
  readonly request: unknown;
  readonly metadata: unknown;
  /** The library reads it to tell late log lines. */
  state?: "preInvocationHooks" | "invocation" | "postInvocationHooks";
  log(level: FunctionsLogLevel, category: LogCategory, message: string): void;
}

interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
}

export interface InvocationResponse {
  readonly invocationId: string;
  readonly outputData?: readonly { readonly name: string; readonly data: unknown }[];
  readonly returnValue?: TypedData | null;
}

/** An error that is the fault of the host's or library's use, not of the app's code. */
class FunctionsSystemError extends Error {
  readonly isAzureFunctionsSystemError = true;
}

class FunctionsSystemRangeError extends RangeError {
  readonly isAzureFunctionsSystemError = true;
}

export interface FunctionsCoreOptions {
  readonly version: string;
  readonly log: (level: FunctionsLogLevel, category: LogCategory, message: string) => void;
}

/**
 * The state behind the module `@azure/functions-core` that `@azure/functions` requires: what an app registered while it
 * was loaded. Registration closes with `lock()`.
 */
export class FunctionsCore {
  /** Entry file being loaded; registrations remember it. */
  currentEntry: string | undefined;
  /** Shared by all hooks of one app: `appHookData`. */
  readonly appHookData: Record<string, unknown> = {};
  /** Shared by the app-level hooks. */
  readonly hookData: Record<string, unknown> = {};
  readonly #functions = new Map<string, RegisteredFunction>();
  readonly #hooks: Record<HookName, HookCallback[]> = {
    preInvocation: [],
    postInvocation: [],
    appStart: [],
    appTerminate: [],
    log: [],
  };
  readonly #options: FunctionsCoreOptions;
  #model: ProgrammingModel | undefined;
  #locked = false;

  constructor(options: FunctionsCoreOptions) {
    this.#options = options;
  }

  get functions(): readonly RegisteredFunction[] {
    return [...this.#functions.values()];
  }

  get model(): ProgrammingModel | undefined {
    return this.#model;
  }

  hooks(name: HookName): readonly HookCallback[] {
    return this.#hooks[name];
  }

  /** Runs app-level hooks in order. */
  async runAppHooks(name: "appStart" | "appTerminate"): Promise<void> {
    for (const hook of [...this.#hooks[name]]) {
      await hook({ hookData: this.hookData, appHookData: this.appHookData });
    }
  }

  lock(): void {
    this.#locked = true;
  }

  /** The module object. Every copy of `@azure/functions` gets this one; the last model set serves all functions. */
  createModule(): object {
    const { version } = this.#options;
    return {
      version,
      hostVersion: version,
      registerFunction: (metadata: FunctionRegistration, callback: FunctionCallback) =>
        this.#registerFunction(metadata, callback),
      registerHook: (name: string, callback: HookCallback) => this.#registerHook(name, callback),
      setProgrammingModel: (model: ProgrammingModel) => {
        this.#model = model;
      },
      getProgrammingModel: () => this.#model,
      log: this.#options.log,
      Disposable: CoreDisposable,
    };
  }

  #registerFunction(metadata: FunctionRegistration, callback: FunctionCallback): CoreDisposable {
    if (this.#locked) throw new FunctionsSystemError("A function can only be registered during app startup.");
    const functionId = metadata.functionId ?? metadata.name;
    if (this.#functions.has(functionId)) {
      throw new FunctionsSystemError(`A function with id "${functionId}" has already been registered.`);
    }
    const registered = { metadata: { ...metadata, functionId }, callback, scriptPath: this.currentEntry };
    this.#functions.set(functionId, registered);
    return new CoreDisposable(() => {
      if (this.#locked) throw new FunctionsSystemError("A function can only be disposed during app startup.");
      this.#functions.delete(functionId);
    });
  }

  #registerHook(name: string, callback: HookCallback): CoreDisposable {
    if (!Object.hasOwn(this.#hooks, name)) throw new FunctionsSystemRangeError(`Unrecognized hook "${name}"`);
    const hooks = this.#hooks[name as HookName];
    hooks.push(callback);
    return new CoreDisposable(() => {
      const index = hooks.indexOf(callback);
      if (index >= 0) hooks.splice(index, 1);
    });
  }
}

/** `Disposable` of the core module. */
class CoreDisposable {
  readonly #onDispose: () => unknown;
  #disposed = false;

  static from(...disposables: readonly { dispose(): unknown }[]): CoreDisposable {
    return new CoreDisposable(() => {
      for (const disposable of disposables) disposable.dispose();
    });
  }

  constructor(onDispose: () => unknown) {
    this.#onDispose = onDispose;
  }

  dispose(): unknown {
    if (this.#disposed) return undefined;
    this.#disposed = true;
    return this.#onDispose();
  }
}
