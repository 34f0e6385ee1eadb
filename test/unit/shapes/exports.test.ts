import { expect, it } from "vitest";
import { isDurableError } from "../../../src/core/errors.ts";
import * as main from "../../../src/index.ts";
import * as portable from "../../../src/portable/index.ts";
import * as testing from "../../../src/testing/index.ts";

// Every function and class that users import, with what JavaScript may hand over by mistake.

type Wrong = readonly [what: string, attempt: () => unknown, message: RegExp];

/** Anything, as JavaScript has it. */
// biome-ignore lint/suspicious/noExplicitAny: the point is that the compiler says nothing.
const js = <T>(value: T): any => value;

const app = new main.DFApp();
const generator = function* () {};
const tested = new testing.Registry();
tested.addOrchestration({ name: "tests", orchestrator: () => "tested" });
const location = { storage: "memory", taskHub: "Shapes" } as const;

const wrong: Readonly<Record<string, readonly Wrong[]>> = {
  DFApp: [
    ["a misspelt option", () => new main.DFApp(js({ httpAuthlevel: "anonymous" })), /did you mean 'httpAuthLevel'/],
    ["a text", () => new main.DFApp(js("anonymous")), /new DFApp needs an object/],
    [
      "a converter without functions",
      () => new main.DFApp(js({ dataConverter: JSON })),
      /'serialize' and 'deserialize'/,
    ],
    ["a text as flag", () => new main.DFApp(js({ trustForwardedHeaders: "true" })), /true or false/],
    ["a number as version", () => new main.DFApp(js({ version: 2 })), /'version' of new DFApp must be a text/],
    [
      "misspelt options of HTTP",
      () => new main.DFApp(js({ durableHttp: { allow: 1 } })),
      /'durableHttp' has no option 'allow'/,
    ],
    ["a wrong hosting", () => new main.DFApp(js({ hosting: "own" })), /'hosting' must be/],
    [
      "an activity with options first",
      () => app.activity(js({ name: "a", handler: () => 1 })),
      /the name comes first: activity\("a"/,
    ],
    [
      "an activity with its name behind",
      () =>
        app.activity(
          js(function pay() {}),
          js("pay"),
        ),
      /the name comes first/,
    ],
    ["an activity without code", () => app.activity("a1", js(undefined)), /needs a function/],
    [
      "an activity with outputs",
      () => app.activity("a2", js({ handler: () => 1, extraOutputs: [] })),
      /no option 'extraOutputs'/,
    ],
    [
      "an orchestration with retries",
      () => app.orchestration("o1", js({ handler: generator, retry: {} })),
      /no option 'retry'/,
    ],
    ["a schema that is none", () => app.activity("a3", js({ handler: () => 1, input: {} })), /follows Standard Schema/],
    ["an entity that is a generator", () => app.entity("e1", js(generator)), /must not be a generator/],
    [
      "misspelt schemas",
      () => app.entity("e2", js({ handler: () => 1, operations: { add: { inputs: {} } } })),
      /did you mean 'input'/,
    ],
    ["an HTTP function without options", () => app.http("h1", js(undefined)), /needs an object/],
    [
      "an HTTP function with its handler alone",
      () =>
        app.http(
          "h2",
          js(() => ({})),
        ),
      /needs an object with options/,
    ],
    ["a misspelt method", () => app.http("h3", js({ methods: ["GETT"], handler: () => ({}) })), /'methods'/],
    ["a route without a handler", () => app.route("x", js(undefined)), /a route is a text and its handler/],
    [
      "a route with the handler first",
      () =>
        app.route(
          js(() => ({})),
          js("x"),
        ),
      /a route is a text and its handler/,
    ],
  ],
  DurableClient: [["no connection", () => new main.DurableClient(js({})), /DurableClient\.connect/]],
  DurableError: [],
  DurableHttpResponse: [],
  DummyEntityContext: [],
  DummyOrchestrationContext: [],
  EntityId: [
    ["no key", () => new main.EntityId("a", js(undefined)), /key of an entity must be a text/],
    [
      "an object",
      () => new main.EntityId(js({ name: "a", key: "b" }), js(undefined)),
      /name of an entity must be a text/,
    ],
  ],
  EntityInstanceId: [["no key", () => new portable.EntityInstanceId("a", js(undefined)), /key of an entity/]],
  EntityStateResponse: [],
  LockState: [],
  LockingRulesViolationError: [],
  ManagedIdentityTokenSource: [
    ["no resource", () => new main.ManagedIdentityTokenSource(js(undefined)), /resource of a token source/],
    [
      "a misspelt option",
      () => new main.ManagedIdentityTokenSource("https://x", js({ tenant: "t" })),
      /no option 'tenant'/,
    ],
  ],
  NonRetriableError: [],
  RetryOptions: [
    ["a policy", () => new main.RetryOptions(js({ firstInterval: 1 }), js(undefined)), /first interval/],
    ["texts", () => new main.RetryOptions(5, js("3")), /maxAttempts/],
  ],
  TaskFailedError: [],
  activity: [["no function", () => main.activity(js("x")), /df.activity takes a function/]],
  entity: [["no function", () => main.entity(js({})), /df.entity takes a function/]],
  orchestrator: [
    ["no function", () => main.orchestrator(js({ handler: generator })), /df.orchestrator takes a function/],
  ],
  "app.orchestration": [
    ["no handler", () => main.app.orchestration("df1", js({})), /needs a function/],
    ["the handler first", () => main.app.orchestration(js(generator), js("df1")), /needs a function/],
    [
      "a misspelt option",
      () => main.app.orchestration("df2", js({ handler: generator, retries: {} })),
      /did you mean 'retry'|no option/,
    ],
  ],
  "app.activity": [
    ["no handler", () => main.app.activity("df3", js({})), /needs a function/],
    [
      "an output binding",
      () =>
        main.app.activity(
          "df4",
          js({ handler: () => 1, extraOutputs: [{ type: "queue", name: "out", queueName: "q" }] }),
        ),
      /binding 'out' \(queue\): activities have no bindings here/,
    ],
    [
      "an input binding",
      () => main.app.activity("df5", js({ handler: () => 1, extraInputs: [{ type: "blob", name: "in" }] })),
      /binding 'in' \(blob\)/,
    ],
    [
      "a misspelt option",
      () => main.app.activity("df6", js({ handler: () => 1, extraInput: [] })),
      /did you mean 'extraInputs'/,
    ],
  ],
  "app.entity": [["no handler", () => main.app.entity("df7", js({})), /needs a function/]],
  "app.setExceptionPropertiesProvider": [
    [
      "a function",
      () => main.app.setExceptionPropertiesProvider(js(() => 1)),
      /has the function getExceptionProperties/,
    ],
  ],
  "app.client.http": [
    ["no handler", () => main.app.client.http("dfc1", js({})), /'handler' of function 'dfc1'/],
    [
      "a misspelt option",
      () => main.app.client.http("dfc2", js({ handler: () => ({}), authlevel: "anonymous" })),
      /did you mean 'authLevel'/,
    ],
  ],
  ...Object.fromEntries(
    [
      "timer",
      "storageBlob",
      "storageQueue",
      "serviceBusQueue",
      "serviceBusTopic",
      "eventHub",
      "eventGrid",
      "cosmosDB",
      "generic",
    ].map((kind): [string, readonly Wrong[]] => [
      `app.client.${kind}`,
      [
        ["no handler", () => js(main.app.client)[kind](`dfc-${kind}`, {}), /'handler' of function/],
        [
          "a misspelt option",
          () => js(main.app.client)[kind](`dfc-${kind}`, { handler: () => 1, extraInput: [] }),
          /did you mean 'extraInputs'/,
        ],
      ],
    ]),
  ),
  createEncryptingDataConverter: [
    ["no keys", () => main.createEncryptingDataConverter(js({})), /needs one key or more/],
  ],
  createEntityHandle: [
    ["no name", () => main.createEntityHandle(js(undefined)), /name of an entity/],
    ["no schemas", () => main.createEntityHandle("c", js({ add: {} })), /follows no Standard Schema/],
  ],
  createFunctionDecorators: [["no app", () => main.createFunctionDecorators(js({})), /takes a DFApp/]],
  createRichDataConverter: [
    ["a misspelt option", () => main.createRichDataConverter(js({ class: [] })), /no option 'class'|did you mean/],
    [
      "one class",
      () => main.createRichDataConverter(js({ classes: Date })),
      /'classes' of createRichDataConverter must be a list/,
    ],
    [
      "a misspelt member",
      () => main.createRichDataConverter(js({ classes: [{ type: Date, reed: () => 1 }] })),
      /did you mean 'read'/,
    ],
  ],
  parseTimeSpan: [
    ["a text that is none", () => main.parseTimeSpan("5 secs"), /5 secs/],
    ["an object", () => main.parseTimeSpan(js({ seconds: "5" })), /./],
  ],
  defineEvent: [
    ["no name", () => main.defineEvent(js(undefined)), /the name of an external event/],
    ["no schema", () => main.defineEvent("e", js({ type: "object" })), /must be a schema that follows Standard Schema/],
  ],
  getClient: [
    ["nothing", () => main.getClient(js(undefined)), /getClient takes the context/],
    ["another object", () => main.getClient(js({})), /durable client input binding/],
  ],
  isDurableError: [],
  isTaskFailedError: [],
  startWorker: [
    ["no options", () => main.startWorker(js(undefined)), /startWorker needs an object/],
    ["one app", () => main.startWorker(js({ ...location, apps: app })), /'apps' must be a list/],
    ["no app", () => main.startWorker(js({ ...location, apps: [{}] })), /element 0 of 'apps' is no DFApp/],
    [
      "a misspelt option",
      () => main.startWorker(js({ ...location, apps: [app], stopOnSignal: true })),
      /did you mean 'stopOnSignals'/,
    ],
    [
      "a converter without functions",
      () => main.startWorker(js({ ...location, apps: [app], dataConverter: {} })),
      /'dataConverter' must be/,
    ],
    [
      "a misspelt limit",
      () => main.startWorker(js({ ...location, apps: [app], limits: { maxHistory: 5 } })),
      /'limits' has no option/,
    ],
  ],
  // The portable SDK.
  DurableTaskSchedulerClient: [
    ["no options", () => new portable.DurableTaskSchedulerClient(js(undefined)), /needs an object/],
    [
      "a misspelt option",
      () => new portable.DurableTaskSchedulerClient(js({ endPoint: "x", taskHub: "y" })),
      /did you mean 'endpoint'/,
    ],
    [
      "no hub",
      () => new portable.DurableTaskSchedulerClient(js({ endpoint: "http://localhost:8080" })),
      /'taskHub' must be/,
    ],
  ],
  DurableTaskSchedulerWorker: [
    [
      "a misspelt option",
      () =>
        new portable.DurableTaskSchedulerWorker(
          "Endpoint=http://localhost:8080;TaskHub=a;Authentication=None",
          js({ workItemFilter: true }),
        ),
      /did you mean 'workItemFilters'/,
    ],
    [
      "a text as flag",
      () =>
        new portable.DurableTaskSchedulerWorker(
          "Endpoint=http://localhost:8080;TaskHub=a;Authentication=None",
          js({ workItemFilters: "yes" }),
        ),
      /'workItemFilters' must be true or false/,
    ],
  ],
  EmbeddedTaskHubClient: [
    ["no options", () => new portable.EmbeddedTaskHubClient(js(undefined)), /needs an object/],
    [
      "a misspelt option",
      () => new portable.EmbeddedTaskHubClient(js({ ...location, defaultversion: "1" })),
      /did you mean 'defaultVersion'/,
    ],
    [
      "a number as version",
      () => new portable.EmbeddedTaskHubClient(js({ ...location, defaultVersion: 1 })),
      /'defaultVersion' .* must be a text/,
    ],
  ],
  EmbeddedTaskHubWorker: [
    ["no options", () => new portable.EmbeddedTaskHubWorker(js(undefined)), /needs an object/],
    [
      "a misspelt versioning",
      () => new portable.EmbeddedTaskHubWorker(js({ ...location, versioning: { version: "1", match: "strict" } })),
      /'versioning' has no option 'match'/,
    ],
    [
      "a converter without functions",
      () => new portable.EmbeddedTaskHubWorker(js({ ...location, dataConverter: {} })),
      /'dataConverter' must be/,
    ],
    [
      "an orchestration by options",
      () => new portable.EmbeddedTaskHubWorker(location).addOrchestration(js({ name: "a" })),
      /orchestration is a function/,
    ],
    [
      "an activity with its name behind",
      () =>
        new portable.EmbeddedTaskHubWorker(location).addActivity(
          js(function pay() {}),
          js("pay"),
        ),
      /the name comes first/,
    ],
    [
      "an entity that is none",
      () => new portable.EmbeddedTaskHubWorker(location).addEntity("e", js(5)),
      /entity 'e' is a function or a class/,
    ],
    [
      "health by a misspelt option",
      () => new portable.EmbeddedTaskHubWorker(location).createHealthHandler(js({ path: "/h" })),
      /no option 'path'/,
    ],
  ],
  TaskHubGrpcClient: [
    ["no address", () => new portable.TaskHubGrpcClient(js({})), /'address' must be a text/],
    [
      "a text as flag",
      () => new portable.TaskHubGrpcClient("localhost:1", js({ secure: "no" })),
      /'secure' .* true or false/,
    ],
    [
      "headers that are no texts",
      () => new portable.TaskHubGrpcClient("localhost:1", js({ metadata: { a: 1 } })),
      /'metadata'/,
    ],
  ],
  TaskHubGrpcWorker: [
    [
      "a misspelt option",
      () => new portable.TaskHubGrpcWorker("localhost:1", js({ keepalive: {} })),
      /did you mean 'keepAlive'/,
    ],
    [
      "misspelt pings",
      () => new portable.TaskHubGrpcWorker("localhost:1", js({ keepAlive: { interval: 5 } })),
      /'keepAlive' has no option 'interval'/,
    ],
  ],
  "portable activity": [
    [
      "a misspelt option",
      () =>
        portable.activity(
          js({ name: "a", inputs: {} }),
          js(() => 1),
        ),
      /did you mean 'input'/,
    ],
    [
      "the function first",
      () =>
        portable.activity(
          js(function a() {}),
          js("a"),
        ),
      /the name or the options come first/,
    ],
    [
      "a number as name",
      () =>
        portable.activity(
          js({ name: 5 }),
          js(() => 1),
        ),
      /the name of activity\(\.\.\.\) must be a text/,
    ],
  ],
  "portable entity": [
    [
      "a misspelt option",
      () =>
        portable.entity(
          js({ operation: {} }),
          js(() => 1),
        ),
      /did you mean 'operations'/,
    ],
  ],
  orchestration: [
    [
      "a schema where none is",
      () =>
        portable.orchestration(
          js({ name: "o", input: {} }),
          js(() => 1),
        ),
      /Standard Schema/,
    ],
  ],
  whenAll: [["tasks one by one", () => portable.whenAll(js(1)), /takes an array of durable tasks/]],
  whenAny: [["nothing", () => portable.whenAny(js(undefined)), /takes an array of durable tasks/]],
  // The testing kit.
  InProcessExecutor: [],
  MemoryTaskHub: [
    ["no options", () => new testing.MemoryTaskHub(js(undefined)), /needs an object/],
    ["no clock", () => new testing.MemoryTaskHub(js({})), /'clock' of new MemoryTaskHub must be an object/],
    [
      "a misspelt option",
      () => new testing.MemoryTaskHub(js({ clock: new testing.SteppedClock(), lockMS: 5 })),
      /did you mean 'lockMs'/,
    ],
  ],
  PageBudget: [],
  Registry: [
    ["a misspelt option", () => new testing.Registry(js({ converter: {} })), /a registry has no option 'converter'/],
    [
      "a converter without functions",
      () => new testing.Registry(js({ dataConverter: {} })),
      /'dataConverter' of a registry/,
    ],
    [
      "a misspelt option of HTTP",
      () => new testing.Registry(js({ durableHttp: { maxBytes: 1 } })),
      /'durableHttp' has no option 'maxBytes'/,
    ],
    [
      "an orchestration without code",
      () => new testing.Registry().addOrchestration(js({ name: "a" })),
      /'orchestrator' .* must be a function/,
    ],
    [
      "an activity by the wrong member",
      () => new testing.Registry().addActivity(js({ name: "a", handler: () => 1 })),
      /has no option 'handler'/,
    ],
    [
      "an entity without code",
      () => new testing.Registry().addEntity(js({ name: "a" })),
      /'entity' .* must be a function/,
    ],
  ],
  SteppedClock: [
    ["a date", () => new testing.SteppedClock(js(new Date(0))), /the start of a SteppedClock must be a number/],
  ],
  createTestHub: [
    ["a text", () => testing.createTestHub(js("./app.js")), /takes an app, but got string/],
    ["nothing durable", () => testing.createTestHub({ app: {} }), /there are no durable functions/],
    [
      "a plain function",
      () => testing.createTestHub(function greet() {}),
      /cannot tell what a plain function is: give it as \{ orchestrations/,
    ],
    [
      "a function of the other kind",
      () => testing.createTestHub({ activities: [portable.orchestration(function* other() {})] }),
      /'other' is an orchestration, and an activity is wanted/,
    ],
    ["a misspelt option", () => testing.createTestHub(tested, js({ seeds: 1 })), /did you mean 'seed'/],
    ["options as a text", () => testing.createTestHub(tested, js("seed")), /createTestHub needs an object/],
    ["no date", () => testing.createTestHub(tested, js({ startAt: "2026" })), /'startAt' .* must be a valid Date/],
    ["one replacement", () => testing.createTestHub(tested, { activities: js({ pay: 5 }) }), /'pay' of 'activities'/],
    ["a list of functions", () => testing.createTestHub(tested, { activities: js([() => 1]) }), /what replace\(/],
    [
      "an activity that the app has not",
      () => testing.createTestHub(tested, { activities: { pay: () => 1 } }),
      /there is no activity 'pay' to be replaced; the app has none/,
    ],
    ["no name to start", () => testing.createTestHub(tested).start(js({})), /start takes an orchestration/],
    ["a name that is none", () => testing.createTestHub(tested).start("test"), /did you mean 'tests'/],
    [
      "a misspelt option of a start",
      () => testing.createTestHub(tested).start("tests", 1, js({ instanceID: "x" })),
      /did you mean 'instanceId'/,
    ],
    ["no time", () => testing.createTestHub(tested).advance(js(undefined)), /the time to advance/],
    ["no condition", () => testing.createTestHub(tested).runUntil(js("a")), /runUntil takes a condition/],
    [
      "nothing to wait for",
      async () => {
        const hub = testing.createTestHub(tested);
        await hub.runUntil(await hub.start("tests"), js({}));
      },
      /'waitsFor' of runUntil must be the name/,
    ],
    ["no activity", () => testing.createTestHub(tested).calls(js({})), /calls takes an activity/],
    ["an entity without a key", () => testing.createTestHub(tested).entity("e", js(undefined)), /key of an entity/],
    ["an unknown entity", () => testing.createTestHub(tested).entity("e", "k")["add"]?.(), /no entity named 'e'/],
    [
      "an event without a name",
      async () => {
        const run = await testing.createTestHub(tested).start("tests");
        await run.raiseEvent(js(undefined));
      },
      /name of an event/,
    ],
  ],
  hangs: [],
  replay: [
    ["no app", () => testing.replay(js("./app.js"), []), /takes an app/],
    ["no history", () => testing.replay(tested, js(undefined)), /replay takes a history/],
    ["a list of texts", () => testing.replay(tested, js(["a"])), /element 0 of the history is no event/],
  ],
  replace: [
    ["no activity", () => testing.replace(js(undefined), () => 1), /replace\(activity, code\) takes an activity/],
    ["an orchestration", () => testing.replace(js({ kind: "orchestration", name: "o" }), () => 1), /takes an activity/],
    ["no code", () => testing.replace("pay", js(5)), /what replaces activity 'pay' must be a function/],
  ],
  TaskHubClient: [
    [
      "a misspelt option of a start",
      () => new testing.VirtualHub().client.startInstance(js({ name: "a", id: "x" })),
      /startInstance has no option 'id'/,
    ],
    [
      "a value as input",
      () => new testing.VirtualHub().client.startInstance(js({ name: "a", input: { n: 1 } })),
      /'input' of startInstance must be a text/,
    ],
  ],
  TaskHubWorker: [],
  VirtualHub: [
    ["a misspelt option", () => new testing.VirtualHub(js({ maxStep: 5 })), /did you mean 'maxSteps'/],
    [
      "no registries",
      () => new testing.VirtualHub().startWorker(js({})),
      /'registries' of startWorker must be a list of registries/,
    ],
    [
      "an app as registry",
      () => new testing.VirtualHub().startWorker(js({ registries: [app] })),
      /must be a list of registries/,
    ],
    [
      "a misspelt limit",
      () => new testing.VirtualHub().startWorker(js({ registries: [], maxAction: 5 })),
      /did you mean 'maxActions'/,
    ],
    [
      "no load function",
      () => new testing.VirtualHub().loadApp(js("./app.ts")),
      /what loadApp is given must be a function/,
    ],
    ["no time", () => new testing.VirtualHub().advance(js(undefined)), /the time to advance/],
  ],
  withBackendFaults: [["no plan", () => testing.withBackendFaults(js({}), js(undefined)), /a plan of faults/]],
};

/** Functions of the kit that make a value out of their arguments, and what works on such values. */
const makers =
  /^(?:at|episode\w+|execution\w+|task\w+|timer\w+|subOrchestration\w+|event\w+|patchMark|matchesConditions|nextCreationStep|formatPageToken|parsePageToken|nextInstanceWrite|lockLost)$/;

/** What the entries export that can be called. */
function functionsOf(entry: object, prefix = ""): readonly string[] {
  return Object.entries(entry).flatMap(([name, value]) => {
    if (typeof value === "function") return [prefix + name];
    const isNamespace = Object.prototype.toString.call(value) === "[object Module]";
    return isNamespace ? functionsOf(value as object, `${prefix}${name}.`) : [];
  });
}

it("the table has every function that users import", () => {
  const own = [
    ...functionsOf(main),
    ...functionsOf(portable),
    ...functionsOf(testing).filter((name) => !makers.test(name)),
  ];
  const listed = new Set([...Object.keys(wrong).map((name) => name.replace(/^portable /, ""))]);

  expect([...new Set(own)].filter((name) => !listed.has(name))).toEqual([]);
  expect([...listed].filter((name) => !own.includes(name))).toEqual([]);
});

const cases = Object.entries(wrong).flatMap(([name, list]) =>
  list.map(([what, attempt, message]) => [name, what, attempt, message] as const),
);

it.each(cases)("%s with %s is refused with the right form", async (_, __, attempt, message) => {
  const error: unknown = await Promise.resolve()
    .then(attempt)
    .then(
      () => "nothing was refused",
      (thrown: unknown) => thrown,
    );

  expect(isDurableError(error), String(error)).toBe(true);
  expect((error as Error).message).toMatch(message);
});
