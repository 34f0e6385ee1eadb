/** What both workers of `@microsoft/durabletask-js` run, that of its tests and that of a sidecar. */

/** Its test worker takes no logger, and writing seven lines an episode is half of its work. */
export function silenceDurableTask({ ConsoleLogger, NoOpLogger }) {
  for (const name of Object.getOwnPropertyNames(NoOpLogger.prototype)) {
    if (name !== "constructor") ConsoleLogger.prototype[name] = NoOpLogger.prototype[name];
  }
}

/** The orchestrations of all hub workloads, as `createRegistry` has them for ours. */
export function registerDurableTask(worker, { whenAll }, onStep) {
  worker.addNamedActivity("sayHello", (_, city) => `Hello ${city}!`);
  worker.addNamedActivity("echo", (_, value) => value);
  worker.addNamedOrchestrator("hello", async function* (context) {
    const greetings = [];
    for (const city of ["Tokyo", "Seattle", "London"]) greetings.push(yield context.callActivity("sayHello", city));
    return greetings;
  });
  worker.addNamedOrchestrator("fanOut", async function* (context, tasks) {
    const calls = Array.from({ length: tasks }, (_, i) => context.callActivity("echo", i));
    return (yield whenAll(calls)).length;
  });
  worker.addNamedOrchestrator("steps", async function* (context, steps) {
    let results = 0;
    for (let i = 0; i < steps; i++) {
      if ((yield context.callActivity("echo", i)) === i) results++;
      onStep(i);
    }
    return results;
  });
  worker.addNamedOrchestrator("event", async function* (context) {
    return yield context.waitForExternalEvent("go");
  });
}
