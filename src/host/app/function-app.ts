import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { messageOf } from "../../core/errors.ts";
import type { AuthLevel } from "../access/key-set.ts";
import type { HostLog } from "../host-log.ts";
import { findRouteClashes, type RouteClash } from "../routing/route-clashes.ts";
import type { HttpRoute, RouteProblem } from "../routing/route-table.ts";
import { compareNames, RouteTable } from "../routing/route-table.ts";
import type { RouteValues } from "../routing/route-template.ts";
import type { LocalTrigger } from "../triggers/local-trigger.ts";
import {
  type ClientInput,
  clientInputs,
  type DurableFunction,
  type DurableProtocol,
  readDurableFunction,
  resolveClientInputs,
} from "./durable-functions.ts";
import type { RegisteredFunction, TriggerBinding } from "./function-metadata.ts";
import { describeFunctionProblem, findTrigger, isHttpTrigger } from "./function-metadata.ts";
import type { FunctionsCore } from "./functions-core.ts";
import type { HttpAnswer } from "./http-conversion.ts";
import { cookiesOf, toHttpAnswer, toHttpData } from "./http-conversion.ts";
import type { InvocationResult } from "./invocation.ts";
import { createInvocationRequest, invokeFunction, withExecutionLog } from "./invocation.ts";
import type { TypedData } from "./typed-data.ts";

export interface ServedFunction {
  readonly fn: RegisteredFunction;
  readonly name: string;
  readonly trigger: TriggerBinding;
  readonly isHttp: boolean;
  /** What it is to the engine, when its trigger is a durable one. */
  readonly durable: DurableFunction | undefined;
  /** What calls it here, when its trigger is a timer or a queue. */
  readonly local: LocalTrigger | undefined;
  /** For HTTP functions: who may call it. */
  readonly authLevel: AuthLevel;
  /** For HTTP functions: upper case, empty when all methods are served. */
  readonly methods: readonly string[];
  /** For HTTP functions: the template, without a leading slash. */
  readonly route: string | undefined;
}

export interface FunctionAppOptions {
  readonly core: FunctionsCore;
  readonly routePrefix: string;
  /** Only these are served; all when absent. */
  readonly allowList: readonly string[] | undefined;
  readonly isDisabled: (functionName: string) => boolean;
  /** What functions with a durable client get for it; `undefined` while there is none. */
  readonly clientInput: ClientInput;
  /** @defaultValue only HTTP triggers are served, and no outputs */
  readonly triggers?: TriggerPort | undefined;
  readonly log: HostLog;
}

/** What an app has to do with triggers other than HTTP. */
export interface TriggerPort {
  /** Reads a trigger that is served here. @throws DurableError that says what is wrong with it */
  read(trigger: TriggerBinding): LocalTrigger | undefined;
  /** What a function gets that is called by hand, where its trigger has no text. */
  valueByHand(served: ServedFunction): TypedData | undefined;
  /** Sends what a function has given to its outputs. @throws DurableError */
  writeOutputs(fn: RegisteredFunction, response: InvocationResult["response"]): Promise<void>;
}

export interface HttpCall {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly params: RouteValues;
}

/** The functions of a loaded app: which of them run here, under which routes, and how they are called. */
export class FunctionApp {
  /** In the order of the host: by name. */
  readonly functions: readonly ServedFunction[];
  readonly disabled: readonly string[];
  /** Functions that cannot be served, and why. */
  readonly problems: readonly RouteProblem[];
  /** Functions that others hide. */
  readonly clashes: readonly RouteClash[];
  readonly #routes: RouteTable;
  readonly #options: FunctionAppOptions;
  readonly #running = new Set<Promise<unknown>>();

  constructor(options: FunctionAppOptions) {
    this.#options = options;
    const { core, allowList, isDisabled, routePrefix } = options;
    const allowed = allowList?.map((name) => name.toLowerCase());
    const wanted = core.functions.filter(({ metadata }) => allowed?.includes(metadata.name.toLowerCase()) ?? true);

    const problems: RouteProblem[] = [];
    const sound: { fn: RegisteredFunction; trigger: TriggerBinding; local: LocalTrigger | undefined }[] = [];
    for (const fn of wanted) {
      const functionName = fn.metadata.name;
      const trigger = findTrigger(fn.metadata);
      const message = describeFunctionProblem(fn.metadata);
      if (trigger === undefined || message !== undefined) problems.push({ functionName, message: message! });
      // What a disabled one says need not be right.
      else if (isDisabled(functionName)) sound.push({ fn, trigger, local: undefined });
      else {
        try {
          sound.push({ fn, trigger, local: options.triggers?.read(trigger) });
        } catch (error) {
          problems.push({ functionName, message: messageOf(error) });
        }
      }
    }
    this.disabled = sound.map(({ fn }) => fn.metadata.name).filter(isDisabled);
    const enabled = sound.filter(({ fn }) => !isDisabled(fn.metadata.name));
    const routes = enabled
      .filter(({ trigger }) => isHttpTrigger(trigger))
      .map(({ fn, trigger }) => ({
        functionName: fn.metadata.name,
        route: textOf(trigger.binding["route"]),
        methods: methodsOf(trigger),
      }));
    this.#routes = new RouteTable(routes, routePrefix);
    this.problems = [...problems, ...this.#routes.problems];
    const isServed = ({ functionName }: HttpRoute) => this.#routes.templateOf(functionName) !== undefined;
    this.clashes = findRouteClashes(routes.filter(isServed));
    const broken = new Set(this.problems.map(({ functionName }) => functionName));
    this.functions = enabled
      .filter(({ fn }) => !broken.has(fn.metadata.name))
      .map(({ fn, trigger, local }) => ({
        fn,
        local,
        name: fn.metadata.name,
        trigger,
        isHttp: isHttpTrigger(trigger),
        durable: readDurableFunction(fn, trigger),
        authLevel: authLevelOf(trigger),
        methods: methodsOf(trigger),
        route: this.#routes.templateOf(fn.metadata.name),
      }))
      .sort((a, b) => compareNames(a.name, b.name));
  }

  /** What the durable clients speak that functions get. */
  get clientProtocols(): ReadonlySet<DurableProtocol> {
    return new Set(this.functions.flatMap(({ fn }) => [...clientInputs(fn.metadata).values()]));
  }

  find(name: string): ServedFunction | undefined {
    return this.functions.find((served) => served.name.toLowerCase() === name.toLowerCase());
  }

  /** The HTTP function that serves a path, with its route values. */
  route(method: string, path: string): { readonly served: ServedFunction; readonly params: RouteValues } | undefined {
    const matched = this.#routes.match(method, path);
    const served = matched && this.find(matched.functionName);
    return served && { served, params: matched.values };
  }

  /** Calls an HTTP function with a whole body. @throws what the function threw, logged already */
  async callHttp(served: ServedFunction, call: HttpCall, body: Buffer): Promise<HttpAnswer> {
    const inputs = { [served.trigger.name]: { http: toHttpData({ ...call, body }) } };
    return this.#execute(served, randomUUID(), "This function was programmatically called via the host APIs.", {
      inputs,
      headers: call.headers,
      convert: (result) => toHttpAnswer(result.response.returnValue?.http, cookiesOf(result.value)),
    });
  }

  /** Calls a function whose request and response travel past the invocation, through the library's own server. */
  callStreaming(
    served: ServedFunction,
    call: HttpCall,
    invocationId: string,
    onCookies: (cookies: readonly string[]) => void,
  ): Promise<{ readonly hasResponse: boolean }> {
    const params = Object.entries(call.params).map(([name, value]) => [name, { string: value }] as const);
    const headers = Object.fromEntries(Object.entries(call.headers).map(([name, value]) => [name, String(value)]));
    return this.#execute(served, invocationId, "This function was programmatically called via the host APIs.", {
      inputs: { [served.trigger.name]: { http: {} } },
      triggerMetadata: { ...Object.fromEntries(params), Headers: { json: JSON.stringify(headers) } },
      headers: call.headers,
      onResult: (result) => onCookies(cookiesOf(result)),
      convert: (result) => ({ hasResponse: result.value !== undefined && result.value !== null }),
    });
  }

  /** Calls a function whose trigger has fired. @throws what the function threw, logged already */
  async callTriggered(
    served: ServedFunction,
    input: TypedData,
    reason: string,
    triggerMetadata: Readonly<Record<string, TypedData>> = {},
  ): Promise<void> {
    await this.#execute(served, randomUUID(), reason, {
      inputs: { [served.trigger.name]: input },
      triggerMetadata,
      headers: {},
      convert: () => undefined,
    });
  }

  /** Calls any function with a text as its trigger's value, as `/admin/functions/{name}` does. A timer gets its status. */
  async callByHand(served: ServedFunction, input: string): Promise<void> {
    const value: TypedData = served.isHttp
      ? {
          http: toHttpData({
            method: served.methods[0] ?? "POST",
            url: `http://localhost/${served.route}`,
            headers: {},
            params: {},
            body: Buffer.from(input),
          }),
        }
      : (this.#options.triggers?.valueByHand(served) ?? { string: input });
    await this.callTriggered(served, value, "This function was programmatically called via the host APIs.");
  }

  /** Resolves when nothing runs, or after the given time. Resolves to the number of calls still running. */
  async drain(timeoutMs: number): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([Promise.allSettled(this.#running), timeout]);
    clearTimeout(timer);
    return this.#running.size;
  }

  #execute<T>(
    served: ServedFunction,
    invocationId: string,
    reason: string,
    call: {
      readonly inputs: Readonly<Record<string, TypedData>>;
      readonly triggerMetadata?: Readonly<Record<string, TypedData>>;
      readonly headers: IncomingHttpHeaders;
      readonly onResult?: (result: unknown) => void;
      readonly convert: (result: InvocationResult) => T;
    },
  ): Promise<T> {
    const { core, log, clientInput, triggers } = this.#options;
    const { fn } = served;
    const request = createInvocationRequest({
      fn,
      invocationId,
      inputs: { ...call.inputs, ...resolveClientInputs(fn.metadata, clientInput) },
      ...(call.triggerMetadata === undefined ? {} : { triggerMetadata: call.triggerMetadata }),
      traceParent: textOf(call.headers["traceparent"]),
      traceState: textOf(call.headers["tracestate"]),
    });
    const running = withExecutionLog(fn, invocationId, reason, log, async () => {
      const result = await invokeFunction(core, fn, request, log, call.onResult);
      await triggers?.writeOutputs(fn, result.response);
      return call.convert(result);
    }).finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }
}

function methodsOf(trigger: TriggerBinding): readonly string[] {
  const { methods } = trigger.binding;
  return Array.isArray(methods) ? methods.map((method) => String(method).toUpperCase()) : [];
}

/** Where nothing is said it is `function`, as for the Functions host; what is unknown here is for the master only. */
function authLevelOf({ binding }: TriggerBinding): AuthLevel {
  const level = textOf(binding["authLevel"])?.toLowerCase() ?? "function";
  return level === "anonymous" || level === "function" ? level : "admin";
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
