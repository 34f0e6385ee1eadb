import type { TriggerCall, TriggeredFunctions } from "../../../src/grpc/extension/extension-executor.ts";
import type { RegisteredFunction } from "../../../src/host/app/function-metadata.ts";
import type { TypedData } from "../../../src/host/app/typed-data.ts";
import { toActivityResult } from "../../../src/host/classic/classic-activity.ts";
import type { Call } from "./functions-worker.ts";
import { WorkerExit } from "./rpc-worker.ts";

/** Whoever runs the functions of the app. */
export interface FunctionCaller {
  find(triggerType: string, name: string): Pick<RegisteredFunction, "metadata"> | undefined;
  /** @throws what the function throws, or `WorkerExit` when its process ended: then it will be called again */
  call(fn: Pick<RegisteredFunction, "metadata">, call: Call): Promise<TypedData | undefined>;
}

/** The functions of an app as the extension calls them. */
export function triggeredFunctions(
  worker: FunctionCaller,
  log: (instanceId: string, functionName: string, line: string) => void,
): TriggeredFunctions {
  const find = (kind: TriggerCall["kind"], name: string) => worker.find(`${kind}Trigger`, name);
  return {
    has: (kind, name) => find(kind, name) !== undefined,
    async call({ kind, name, instanceId, value }) {
      const data: TypedData = value === undefined ? {} : { string: value };
      const returned = await worker.call(find(kind, name)!, {
        value: data,
        ...(kind === "activity" && {
          metadata: { instanceId: { string: instanceId }, ...(value !== undefined && { data }) },
        }),
        log: (line) => log(instanceId, name, line),
      });
      return kind === "activity" ? toActivityResult(returned) : returned?.string;
    },
    isInterruption: (error) => error instanceof WorkerExit,
  };
}
