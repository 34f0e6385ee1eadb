import { expect, it } from "vitest";
import { isDurableError } from "../../../src/core/errors.ts";
import type { OrchestrationContext } from "../../../src/orchestration/orchestration-context.ts";
import { ReplayContext } from "../../../src/orchestration/replay-context.ts";
import { PortableContext } from "../../../src/portable/portable-context.ts";
import { VirtualHub } from "../../../src/testing/virtual-hub.ts";
import { Registry } from "../../../src/worker/registry.ts";

// Every method of the contexts, with what JavaScript may hand over by mistake, and with the forms of other versions.

type AnyContext = Readonly<Record<string, (...given: readonly unknown[]) => unknown>>;

/** What the orchestration comes to that does this, on either context. */
async function outcomeOf(act: (context: AnyContext, plain: OrchestrationContext) => unknown, isPortable = false) {
  const registry = new Registry();
  registry.addActivity({ name: "echo", activity: (input) => input });
  registry.addOrchestration({
    name: "test",
    *orchestrator(context): Generator<unknown, unknown, unknown> {
      const used = isPortable ? new PortableContext(context) : context;
      try {
        const given = act(used as unknown as AnyContext, context);
        return given !== undefined && typeof (given as { then?: unknown }).then === "function"
          ? yield given as never
          : "done";
      } catch (error) {
        if (isDurableError(error)) return `${error.code}: ${error.message}`;
        return `${error}`;
      }
    },
  });
  await using hub = new VirtualHub();
  await hub.startWorker({ registries: [registry] });
  const { output } = await hub.runUntilEnded(await hub.client.startInstance({ name: "test" }));
  return JSON.parse(output ?? "null") as unknown;
}

const policy = { firstInterval: "1s", maxAttempts: 2 };

const wrong: Readonly<Record<string, readonly (readonly [given: readonly unknown[], message: RegExp])[]>> = {
  callActivity: [
    [[], /the name of an activity/],
    [["echo", 1, { rety: policy }], /did you mean 'retry'/],
    [["echo", 1, { retry: 3 }], /a retry policy must be an object/],
    [["echo", 1, { retry: { ...policy, jiter: 1 } }], /did you mean 'jitter'/],
    [["echo", 1, { retry: { ...policy, jitter: 2 } }], /jitter of a retry policy must be a number from 0 to 1/],
    [["echo", 1, { timeout: "soon" }], /length of time/],
    [["echo", 1, "5s"], /needs an object with options \(\{ retry, timeout, version, ... \}\), but got "5s"/],
  ],
  callActivityWithRetry: [
    [["echo"], /a retry policy must be an object/],
    [["echo", { n: 1 }, policy], /no option 'n'/],
  ],
  callSubOrchestrator: [
    [[5], /the name of a sub-orchestration/],
    [["test", 1, { id: "x" }], /no option 'id'/],
    [["test", 1, ".."], /must not be '\.\.'/],
  ],
  callSubOrchestratorWithRetry: [
    [["test", 5], /a retry policy must be an object/],
    [["test", policy, 1, "."], /must not be '\.'/],
  ],
  startNewOrchestration: [
    [[{}], /the name of a sub-orchestration/],
    [["test", 1, { instanceId: ".." }], /must not be/],
  ],
  callHttp: [
    [[], /callHttp needs an object/],
    [["https://x.example"], /callHttp needs an object/],
    [[{ uri: "/relative" }], /the url of callHttp/],
    [[{ url: "https://x.example", enablepolling: false }], /did you mean 'enablePolling'/],
    [[{ url: "https://x.example", enablePolling: "no" }], /'enablePolling' of callHttp must be true or false/],
    [[{ url: "https://x.example", headers: "a: b" }], /'headers' of callHttp must be an object/],
    [[{ url: "https://x.example", retry: { ...policy, statusCode: [500] } }], /did you mean 'statusCodes'/],
    [["GET", "x.example"], /the url of callHttp/],
  ],
  createTimer: [
    [[], /length of time/],
    [["soon"], /length of time/],
    [[new Date(Number.NaN)], /valid date/],
    [[{ hour: 1 }], /length of time/],
  ],
  waitForExternalEvent: [
    [[], /the name of an external event/],
    [[null], /the name of an external event/],
    [["go", { timeOut: 1 }], /did you mean 'timeout'/],
    [["go", "2 days"], /'timeout' of waitForExternalEvent must be a length of time/],
    [["go", null], /needs an object/],
    [["go", "5s", "nothing"], /catch the TaskTimeout/],
  ],
  events: [],
  sendEvent: [
    [[undefined, "go"], /the instance id of sendEvent/],
    [["other"], /the event name of sendEvent/],
    [["other", null], /the event name/],
  ],
  callEntity: [
    [[{ name: "c" }, "add"], /the key/],
    [["@c@k"], /the operation of callEntity/],
    [["@c@..", "add"], /must not be/],
  ],
  signalEntity: [
    [["@c@k", 5], /the operation of signalEntity/],
    [["@c@k", "add", 1, { at: 1 }], /no option 'at'/],
    [["@c@.", "add"], /must not be/],
  ],
  entity: [
    [[5, "k"], /name of an entity/],
    [["c"], /key of an entity/],
    [["c", ".."], /must not be/],
  ],
  lock: [[["c"], /has the form/]],
  isLocked: [],
  all: [
    [[], /takes an array of durable tasks/],
    [[[], { failfast: true }], /did you mean 'failFast'/],
    [[[], { failFast: "no" }], /'failFast' of all/],
  ],
  allSettled: [[[5], /takes an array/]],
  any: [
    [[], /takes an array/],
    [[[]], /at least one task/],
  ],
  race: [[[[1]], /element 0 of race\(\) is a number/]],
  map: [
    [[{}, () => 1], /takes an array of items/],
    [[[1]], /second argument of map\(\) must be a function/],
    [[[1], () => 1, 3], /map\(\) needs an object/],
    [[[1], () => 1, { concurrent: 3 }], /no option 'concurrent'; it takes concurrency, tolerate/],
    [[[1], () => 1, { concurrency: "3" }], /'concurrency' of map\(\) must be a number/],
    [[[1], () => 1, { tolerate: "some" }], /'tolerate' of map\(\)/],
  ],
  continueAsNew: [
    [[1, { preserve: true }], /no option 'preserve'/],
    [[1, "true"], /continueAsNew needs an object/],
  ],
  setCustomStatus: [[[() => 1], /custom status/]],
  patched: [[[], /the id of a patch/]],
  newGuid: [[[5], /the instance id of newGuid must be a text/]],
};

const takesNothingOrAnything = ["constructor", "getInput", "log", "trace", "debug", "info", "warn", "error"];
const readOnly = (prototype: object) =>
  Object.entries(Object.getOwnPropertyDescriptors(prototype)).flatMap(([name, { value }]) =>
    typeof value === "function" ? [name] : [],
  );

it("the table has every method", () => {
  const methods = readOnly(ReplayContext.prototype).filter((name) => !takesNothingOrAnything.includes(name));

  expect(Object.keys(wrong).sort()).toEqual(methods.sort());
});

const portable = readOnly(PortableContext.prototype);
const cases = Object.entries(wrong).flatMap(([method, list]) =>
  list.flatMap(([given, message]) => [
    [method, given, message, false] as const,
    ...(portable.includes(method) ? [[method, given, message, true] as const] : []),
  ]),
);

it.each(cases)(
  "%s(...%j) is refused with the right form: %s, portable %s",
  async (method, given, message, isPortable) => {
    const outcome = await outcomeOf((context) => context[method]!(...given), isPortable);

    expect(outcome).toMatch(
      /^(?:InvalidOption|OrchestrationMisuse|InvalidInstanceId|InvalidEntityId|InvalidPayload): /,
    );
    expect(outcome).toMatch(message);
  },
);

it.each<[string, readonly unknown[]]>([
  ["a text", ["go", "00:00:05"]],
  ["a number", ["go", 5000]],
  ["parts", ["go", { seconds: 5 }]],
  ["an option", ["go", { timeout: "PT5S" }]],
])("a wait takes its time limit as %s", async (_, given) => {
  for (const isPortable of [false, true]) {
    const outcome = await outcomeOf((context) => context["waitForExternalEvent"]!(...given), isPortable);
    expect(outcome).toBe("TaskTimeout: no event 'go' came within 5000 ms");
  }
});

it("a call over HTTP takes its arguments by position, as version 2 had them", async () => {
  const wrongBody = await outcomeOf((context) => context["callHttp"]!("GET", "https://x.example", { a: 1 }));
  const wrongHeader = await outcomeOf((context) =>
    context["callHttp"]!("POST", "https://x.example", "text", { "a b": "c" }),
  );

  expect(wrongBody).toMatch(/a GET request of callHttp cannot have a body/);
  expect(wrongHeader).toMatch(/a header name of callHttp/);
});
