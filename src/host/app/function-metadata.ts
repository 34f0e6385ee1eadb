import { basename, dirname } from "node:path";
import { functionNameRule, isFunctionName } from "../../core/function-names.ts";
import type { TypedData } from "./typed-data.ts";

interface FunctionBinding {
  readonly type: string;
  readonly direction?: string;
  readonly [option: string]: unknown;
}

/** What an app says about one function when it registers it. */
export interface FunctionRegistration {
  readonly name: string;
  readonly functionId?: string;
  readonly bindings: Readonly<Record<string, FunctionBinding>>;
  readonly retryOptions?: unknown;
}

export type FunctionCallback = (...args: unknown[]) => unknown;

/** A function the host knows. */
export interface RegisteredFunction {
  readonly metadata: FunctionRegistration & { readonly functionId: string };
  readonly callback: FunctionCallback;
  /** Entry file that was being loaded, absolute; `undefined` when none was. */
  readonly scriptPath: string | undefined;
}

/** One call of a function, as the host sends it. */
export interface InvocationRequest {
  readonly invocationId: string;
  readonly functionId: string;
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
  readonly traceContext: TraceContext;
}

interface TraceContext {
  readonly traceParent: string;
  readonly traceState: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface TriggerBinding {
  readonly name: string;
  readonly binding: FunctionBinding;
}

/** The one binding that starts the function: its type ends in `trigger`. */
export function findTrigger(metadata: FunctionRegistration): TriggerBinding | undefined {
  const found = Object.entries(metadata.bindings).find(([, binding]) => /trigger$/i.test(binding.type));
  return found === undefined ? undefined : { name: found[0], binding: found[1] };
}

export function isHttpTrigger(trigger: TriggerBinding | undefined): boolean {
  return trigger?.binding.type.toLowerCase() === "httptrigger";
}

/** Why the host cannot take a function, or `undefined`. */
export function describeFunctionProblem(metadata: FunctionRegistration): string | undefined {
  if (!isFunctionName(metadata.name)) return `'${metadata.name}' is not a valid function name: ${functionNameRule}`;
  if (findTrigger(metadata) === undefined) return `the function '${metadata.name}' has no trigger`;
  return undefined;
}

/** The function as `/admin/functions` lists it. */
export function describeFunction(fn: RegisteredFunction, origin: string, urlTemplate: string | undefined): object {
  const { name, bindings } = fn.metadata;
  const href = `${origin}/admin/functions/${name}`;
  return {
    name,
    script_root_path_href: null,
    script_href: null,
    config_href: null,
    test_data_href: null,
    href,
    invoke_url_template: urlTemplate ?? null,
    language: "node",
    config: {
      name,
      scriptFile: fn.scriptPath === undefined ? "unknown" : basename(fn.scriptPath),
      functionDirectory: fn.scriptPath === undefined ? null : dirname(fn.scriptPath),
      language: "node",
      bindings: Object.entries(bindings).map(([bindingName, binding]) => ({ ...binding, name: bindingName })),
    },
    files: null,
    test_data: null,
    isDisabled: false,
    isDirect: true,
    isProxy: false,
  };
}
