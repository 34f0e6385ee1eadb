import * as df from "durable-functions";

class OutOfStock extends Error {
  readonly code: number;

  constructor(code: number) {
    super("nothing left");
    this.name = "OutOfStock";
    this.code = code;
  }
}

const provider: df.ExceptionPropertiesProvider = {
  getExceptionProperties: (error) => (error instanceof OutOfStock ? { shelf: error.code + 1 } : undefined),
};
df.app.setExceptionPropertiesProvider(provider);

let attempts = 0;
const flaky = df.app.activity("flaky", {
  handler: (succeedAt: number) => {
    if (++attempts < succeedAt) throw new Error(`attempt ${attempts}`);
    return attempts;
  },
});
df.app.activity("buy", {
  handler: () => {
    throw new OutOfStock(7);
  },
});

const retry = new df.RetryOptions(100, 5);
retry.backoffCoefficient = 1;
retry.maxRetryIntervalInMilliseconds = 500;
retry.retryTimeoutInMilliseconds = 60000;

let children = 0;
const child: df.RegisteredOrchestration = df.app.orchestration("child", function* (context) {
  if (++children < 2) throw new Error("the first child fails");
  return { input: context.df.getInput(), parent: context.df.parentInstanceId, id: context.df.instanceId };
});

df.app.orchestration("retries", function* (context) {
  const first: number = yield flaky(2).withRetry(retry);
  const second: number = yield context.df.callActivityWithRetry("flaky", retry, 4);
  const born = yield child({ n: 1 }, `${context.df.instanceId}-child`).withRetry(retry);
  const again = yield context.df.callSubOrchestratorWithRetry("child", retry, "x");
  const plain = yield context.df.callSubOrchestrator("child", "y", `${context.df.instanceId}-plain`);
  try {
    yield context.df.callActivity("buy");
    return "bought";
  } catch (error) {
    if (!(error instanceof df.TaskFailedError)) throw error;
    const details: df.FailureDetails = error.failureDetails;
    return {
      first,
      second,
      ids: [born.id, plain.id],
      parent: born.parent,
      inputs: [born.input, again.input],
      type: details.errorType,
      message: details.errorMessage,
      caused: [details.isCausedBy("OutOfStock"), details.isCausedBy("TypeError")],
      shelf: details.properties?.shelf,
      task: error.taskName,
    };
  }
});
