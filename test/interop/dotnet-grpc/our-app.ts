import type { ActivityContext, OrchestrationContext, TaskFailedError } from "../../../src/portable/index.ts";
import type { TaskHubGrpcWorker } from "../../../src/portable/task-hub-grpc.ts";

/** Has our worker run the same orchestrations and activities as `Orchestrations.cs`. */
export function registerOurApp(worker: TaskHubGrpcWorker): void {
  for (const [name, activity] of Object.entries(createActivities())) worker.addActivity(name, activity);
  for (const [name, orchestration] of Object.entries(orchestrations)) worker.addOrchestration(name, orchestration);
}

function createActivities() {
  const flakyCalls = new Map<string, number>();
  return {
    Hello: (_: ActivityContext, name: string) => `Hello, ${name}!`,
    Echo: (_: ActivityContext, value: unknown) => value,
    Blob: (_: ActivityContext, size: number) => "x".repeat(size),
    Break: (_: ActivityContext, text: string) => fail(text),
    Flaky: ({ instanceId }: ActivityContext, failures: number) => {
      const calls = (flakyCalls.get(instanceId) ?? 0) + 1;
      flakyCalls.set(instanceId, calls);
      if (calls <= failures) throw new EvalError("not yet");
      return calls;
    },
  };
}

function fail(text: string): never {
  throw new RangeError(text, { cause: new TypeError("the inner reason") });
}

interface Call {
  readonly name: string;
  readonly input?: unknown;
  readonly instanceId?: string;
}

interface Sizes {
  readonly size: number;
  readonly rounds: number;
  readonly wide: number;
}

type Context = OrchestrationContext;

const orchestrations = {
  Empty: () => undefined,
  CallEcho: (context: Context, input: unknown) => context.callActivity("Echo", input),
  Sequence: async (context: Context) => [
    await context.callActivity("Hello", "Tokyo"),
    await context.callActivity("Hello", "Seattle"),
    await context.callActivity("Hello", "London"),
  ],
  FanOut: async (context: Context, count: number) => {
    const calls = Array.from({ length: count }, (_, i) => context.callActivity<number>("Echo", i + 1));
    return (await context.all(calls)).reduce((sum, value) => sum + value, 0);
  },
  Tree: async (context: Context, depth: number): Promise<unknown> => ({
    id: context.instanceId,
    parent: context.parentInstanceId === undefined ? null : { name: "Tree", id: context.parentInstanceId },
    child: depth === 0 ? null : await context.callSubOrchestrator("Tree", depth - 1),
  }),
  CallChild: (context: Context, { name, input, instanceId }: Call) =>
    context.callSubOrchestrator(name, input, instanceId === undefined ? {} : { instanceId }),
  WaitForGo: async (context: Context, timeoutMs: number) => {
    const timer = context.createTimer(timeoutMs);
    const event = context.waitForExternalEvent("Go");
    const winner = await context.any([event, timer]);
    if (winner === timer) return "timed out";
    timer.cancel();
    return event.result;
  },
  WaitForMany: async (context: Context, count: number) => {
    const seen: unknown[] = [];
    while (seen.length < count) seen.push(await context.waitForExternalEvent("Item"));
    return seen;
  },
  SendGo: (context: Context, target: string) => {
    context.sendEvent(target, "go", { by: context.instanceId });
    return "sent";
  },
  Timer: async (context: Context, ms: number) => {
    const due = context.currentUtcDateTime.getTime() + ms;
    await context.createTimer(ms);
    return context.currentUtcDateTime.getTime() >= due;
  },
  Retry: (context: Context, { failures, attempts }: { readonly failures: number; readonly attempts: number }) =>
    context.callActivity("Flaky", failures, {
      retry: { firstInterval: 50, maxAttempts: attempts, backoffCoefficient: 2 },
    }),
  RetryChild: (context: Context, text: string) =>
    context.callSubOrchestrator("Fail", text, { retry: { firstInterval: 50, maxAttempts: 2 } }),
  CountDown: async (context: Context, left: number) => {
    await context.callActivity("Echo", left);
    context.setCustomStatus(left);
    if (left > 0) context.continueAsNew(left - 1);
    return left;
  },
  Collect: async (context: Context, seen: readonly number[]) => {
    const next = [...seen, await context.waitForExternalEvent<number>("Item")];
    if (next.length < 4) context.continueAsNew(next);
    return next;
  },
  Status: async (context: Context, text: string) => {
    context.setCustomStatus({ text, step: 1 });
    await context.waitForExternalEvent("Go");
    context.setCustomStatus("");
    return text;
  },
  Fail: (context: Context, text: string) => context.callActivity("Break", text),
  FailItself: (_: Context, text: string) => fail(text),
  Catch: async (context: Context, text: string) => {
    try {
      return await context.callActivity("Break", text);
    } catch (error) {
      const { errorType, errorMessage, innerFailure } = (error as TaskFailedError).failureDetails;
      return { type: errorType, message: errorMessage, inner: innerFailure?.errorMessage };
    }
  },
  Missing: (context: Context) => context.callActivity("NoSuchActivity"),
  Version: (context: Context) => context.version,
  Guids: async (context: Context) => {
    const first = context.newGuid();
    await context.callActivity("Echo", first);
    return [first, context.newGuid()];
  },
  Large: async (context: Context, { size, rounds, wide }: Sizes) => {
    let total = 0;
    for (let i = 0; i < rounds; i++) total += (await context.callActivity<string>("Blob", size)).length;
    const text = "y".repeat(size);
    await context.all(Array.from({ length: wide }, () => context.callActivity("Echo", text)));
    return total;
  },
  // Nobody waits for the child, whatever the server says of its end.
  Forget: async (context: Context, instanceId: string) => {
    context.startNewOrchestration("CallEcho", "forgotten", { instanceId });
    await context.waitForExternalEvent("Go");
    return context.callActivity("Echo", "and on");
  },
  Patched: (context: Context) => context.patched("a change"),
};
