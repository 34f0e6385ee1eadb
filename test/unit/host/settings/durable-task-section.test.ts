import { expect, it } from "vitest";
import { resolveDurableTaskSettings } from "../../../../src/host/settings/durable-task-settings.ts";
import { applyHostJsonOverrides } from "../../../../src/host/settings/host-json.ts";
import type { KnownSetting, SettingRule } from "../../../../src/host/settings/known-setting.ts";
import { knownSettings } from "../../../../src/host/settings/known-settings.ts";

function resolve(durableTask: unknown, env: Record<string, string> = {}) {
  const hostJson = applyHostJsonOverrides({ version: "2.0", extensions: { durableTask } }, env);
  return resolveDurableTaskSettings(hostJson, env, { processorCount: 4 });
}

/** `{ a: { b: value } }` for `a.b`. */
function nest(name: string, value: unknown): object {
  return name.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;
}

const textsOf = (durableTask: unknown) => resolve(durableTask).unused.map(({ text }) => text);

/** Values that a rule allows, at its edges. */
function goodValues(rule: SettingRule): readonly unknown[] {
  switch (rule.type) {
    case "integer":
      return [rule.least, String(rule.least), rule.most ?? 1_000_000, null];
    case "boolean":
      return [true, false, "TRUE", "false", null];
    case "timeSpan":
      return [rule.leastMs, rule.mostMs, "00:01:00", null];
    case "choice":
      return [...rule.choices, rule.fallback.toUpperCase(), null];
    case "text":
      return ["Abc", null];
    case "list":
      return [[], null];
    case "object":
      return [null];
    case "any":
      return [{ anything: 1 }, {}, null];
  }
}

/** Values that a rule refuses. */
function badValues(rule: SettingRule): readonly unknown[] {
  switch (rule.type) {
    case "integer":
      return [rule.least - 1, (rule.most ?? Number.MAX_SAFE_INTEGER) + 1, 1.5, "many", "", "0x10", true, [], {}, "1e3"];
    case "boolean":
      return [0, 1, "yes", "", [], {}];
    case "timeSpan":
      return [rule.leastMs - 1, rule.mostMs + 1, -1, "soon", "", "1:2:3:4:5", true, []];
    case "choice":
      return ["Other", "", 1, true, []];
    case "text":
      return ["", "  ", 5, true, [], {}];
    case "list":
      return [5, true, {}, [""], [5]];
    case "object":
      return [5, true, "x", []];
    case "any":
      return [];
  }
}

const cases = (valuesOf: (rule: SettingRule) => readonly unknown[]) =>
  knownSettings.flatMap(({ name, rule }) => valuesOf(rule).map((value): [string, unknown] => [name, value]));

it.each(cases(goodValues))("%s may be %o", (name, value) => {
  const { unused } = resolve(nest(name, value));

  const { ignored } = knownSettings.find((known) => known.name === name)!;
  const texts = ignored === undefined ? [] : [`host.json: extensions.durableTask.${name} has no effect: ${ignored}`];
  expect([[], texts]).toContainEqual(unused.map(({ text }) => text));
});

it.each(cases(badValues))("%s must not be %o, and its whole path is named", (name, value) => {
  expect(() => resolve(nest(name, value))).toThrow(
    expect.objectContaining({
      code: "InvalidOption",
      message: expect.stringMatching(
        new RegExp(`^host\\.json: extensions\\.durableTask\\.${name.replace(".", "\\.")}( must be|:)`),
      ),
    }),
  );
});

it.each([
  ["partitonCount", "storageProvider.partitionCount"],
  ["partitionCount", "storageProvider.partitionCount"],
  ["PartitionCount", "storageProvider.partitionCount"],
  ["storageProvider.partitionCuont", "storageProvider.partitionCount"],
  ["storageProvider.PartitionCounts", "storageProvider.partitionCount"],
  ["storageProvder", "storageProvider"],
  ["hubNmae", "hubName"],
  ["taskHubName", undefined],
  ["storageProvider.hubName", "hubName"],
  ["maxConcurrentActivityFunction", "maxConcurrentActivityFunctions"],
  ["httpSettings.defaultAsyncRequestSleepTimeMiliseconds", "httpSettings.defaultAsyncRequestSleepTimeMilliseconds"],
  ["storageProvider.maxQueuePolingInterval", "storageProvider.maxQueuePollingInterval"],
  ["storageProvider.trackingStoreConectionName", "storageProvider.trackingStoreConnectionName"],
  ["notification", "notifications"],
  ["nonsense", undefined],
  ["storageProvider.nonsense", undefined],
  ["__proto", undefined],
])("the unknown setting %s is told, and what was probably meant: %s", (name, meant) => {
  const hint = meant === undefined ? "" : `: did you mean '${meant}'?`;

  expect(resolve(nest(name, 5)).unused).toEqual([
    {
      setting: `host.json: extensions.durableTask.${name}`,
      text: `host.json: extensions.durableTask.${name} is unknown and has no effect${hint}`,
    },
  ]);
});

it.each([
  [{ extendedSessionsEnabled: true, extendedSessionIdleTimeoutInSeconds: 60 }, 0],
  [{ tracing: { traceInputsAndOutputs: true }, localRpcEndpointEnabled: false }, 0],
  [{ storageProvider: { fetchLargeMessagesAutomatically: true, useInstanceTableEtag: true } }, 0],
  [{ storageProvider: { fetchLargeMessagesAutomatically: "False" } }, 1],
  [{ notifications: { eventGrid: { topicEndpoint: "https://x" } } }, 1],
  [{ overridableExistingInstanceStates: "AnyState", rollbackEntityOperationsOnExceptions: false }, 2],
  [{ entityMessageReorderWindowInMinutes: 5, maxOrchestrationActions: 10 }, 2],
])("of what nothing goes by, %o tells only what would change something: %i", (durableTask, count) => {
  expect(textsOf(durableTask)).toHaveLength(count);
});

it.each([
  [{ storageProvider: "AzureStorage" }, "host.json: extensions.durableTask.storageProvider must be an object"],
  [{ httpSettings: [] }, "host.json: extensions.durableTask.httpSettings must be an object"],
  ["TaskHub", "host.json: extensions.durableTask must be an object"],
  [[], "host.json: extensions.durableTask must be an object"],
])("%o is refused where an object belongs", (durableTask, problem) => {
  expect(() => resolve(durableTask)).toThrow(problem);
});

it.each([
  [{ storageProvider: { connectionName: "AccountName=a;AccountKey=SECRET" } }, {}],
  [{ storageProvider: { connectionStringName: "UseSECRET=true" } }, {}],
  [{ storageProvider: { trackingStoreConnectionName: "%KEY%" } }, { KEY: "AccountName=a;AccountKey=SECRET" }],
])("a connection string in place of its name is refused, and not repeated: %o", (durableTask, env) => {
  const problem = /must be the name of an app setting, which holds the connection string, but is another text$/;

  expect(() => resolve(durableTask, env as Record<string, string>)).toThrow(problem);
});

it.each([
  ["storageProvider.connectionName", "Orders", { connectionName: "Orders" }],
  ["storageProvider.connectionStringName", "%WHICH%", { connectionName: "Orders" }],
  [
    "storageProvider.trackingStoreConnectionName",
    "Tracking",
    { trackingStore: { connectionName: "Tracking", namePrefix: undefined } },
  ],
  [
    "storageProvider.trackingStoreConnectionStringName",
    "%WHICH%",
    { trackingStore: { connectionName: "Orders", namePrefix: undefined } },
  ],
  ["storageProvider.trackingStoreNamePrefix", "Shop", { trackingStore: undefined }],
  ["storageProvider.queueClientMessageEncoding", "utf8", { messageEncoding: "utf8" }],
  ["storageProvider.maxStorageOperationConcurrency", 25, { maxStorageOperationConcurrency: 25 }],
  ["storageProvider.useTablePartitionManagement", "True", { useTablePartitionManagement: true }],
  ["storageProvider.useTablePartitionManagement", false, { useTablePartitionManagement: false }],
  ["storageProvider.useLegacyPartitionManagement", true, { useLegacyPartitionManagement: true }],
  ["maxConcurrentEntityFunctions", "7", { maxConcurrentEntityFunctions: 7, maxConcurrentOrchestratorFunctions: 40 }],
  ["useAppLease", false, { useAppLease: false }],
  ["appLeaseOptions.leaseInterval", "00:00:20", { appLeaseIntervalMs: 20_000, appLeaseRenewIntervalMs: 10_000 }],
  ["appLeaseOptions.renewInterval", "00:00:25", { appLeaseRenewIntervalMs: 25_000 }],
  ["AppLeaseOptions.acquireInterval", "00:05:00", { appLeaseAcquireIntervalMs: 300_000 }],
])("%s of %o counts", (name, value, expected) => {
  expect(resolve(nest(name, value), { WHICH: "Orders" })).toMatchObject(expected);
});

it("the new name of a connection goes before the old one", () => {
  const storageProvider = {
    connectionName: "New",
    connectionStringName: "Old",
    trackingStoreConnectionName: "NewTracking",
    trackingStoreConnectionStringName: "OldTracking",
    trackingStoreNamePrefix: "%P%x",
  };

  expect(resolve({ storageProvider }, { P: "Shop" })).toMatchObject({
    connectionName: "New",
    trackingStore: { connectionName: "NewTracking", namePrefix: "Shopx" },
  });
});

it.each(["my-hub", "1abc", "x".repeat(55), "a_b"])("a tracking store is not called '%s'", (trackingStoreNamePrefix) => {
  expect(() => resolve({ storageProvider: { trackingStoreNamePrefix } })).toThrow(
    "trackingStoreNamePrefix must be 1 to 54 letters and digits",
  );
});

it("both kinds of partition management at once are refused, as by the extension", () => {
  const storageProvider = { useTablePartitionManagement: true, useLegacyPartitionManagement: true };

  expect(() => resolve({ storageProvider })).toThrow("useLegacyPartitionManagement must not both be true");
  expect(() => resolve({ appLeaseOptions: { leaseInterval: "00:00:20", renewInterval: "00:00:30" } })).toThrow(
    'host.json: extensions.durableTask.appLeaseOptions.renewInterval must be no longer than the leaseInterval beside it, but is "00:00:30"',
  );
});

it.each([
  [
    "Dynamic",
    {
      maxConcurrentActivityFunctions: 10,
      maxConcurrentOrchestratorFunctions: 5,
      maxConcurrentEntityFunctions: 10,
      maxEntityOperationBatchSize: 50,
    },
  ],
  ["dynamic", { controlQueueBufferThreshold: 128, maxQueuePollingIntervalMs: 30_000 }],
  ["FlexConsumption", { maxConcurrentActivityFunctions: 40, maxQueuePollingIntervalMs: 1_000 }],
  ["ElasticPremium", { maxConcurrentActivityFunctions: 40, controlQueueBufferThreshold: 256 }],
])("on the plan %s the defaults are those of the extension there", (sku, expected) => {
  expect(resolve({}, { WEBSITE_SKU: sku, AzureWebJobsStorage: "x" })).toMatchObject(expected);
});

it("a value that an app setting has put into host.json is refused under the name of that too", () => {
  const setting = "AzureFunctionsJobHost__extensions__durableTask__storageProvider__partitionCount";

  expect(resolve({}, { [setting]: "7" }).partitionCount).toBe(7);
  expect(() => resolve({}, { [setting]: "70" })).toThrow(
    `host.json: extensions.durableTask.storageProvider.partitionCount must be a whole number from 1 to 16, but is "70" (by the setting ${setting})`,
  );
});

it.each([
  ["", "3 to 45"],
  [" ", "3 to 45"],
  ["a", "3 to 45"],
  ["ab", "3 to 45"],
  ["x".repeat(46), "3 to 45"],
  ["1abc", "the first a letter"],
  ["my-hub", "letters and digits"],
  ["my_hub", "letters and digits"],
  ["my hub", "letters and digits"],
  ["häb", "letters and digits"],
  ["hub\n", "letters and digits"],
  ["ｈｕｂ", "letters and digits"],
  ["hub;x=1", "letters and digits"],
  [5, "3 to 45"],
  [true, "3 to 45"],
  [["Hub"], "3 to 45"],
])("a hub is not called %o, and the rule is told", (hubName, rule) => {
  expect(() => resolve({ hubName })).toThrow(`host.json: extensions.durableTask.hubName must be`);
  expect(() => resolve({ hubName })).toThrow(rule);
});

it.each<[object, boolean]>([
  [{}, false],
  [{ hubName: null }, false],
  [{ hubName: "myshop" }, false],
  [{ hubName: "%HUB%" }, true],
])("in a deployment slot, a hub of %o is its own: %s", (durableTask, isOwn) => {
  const at = (slot: string) =>
    resolve(durableTask, { WEBSITE_SITE_NAME: "my-shop", WEBSITE_SLOT_NAME: slot, HUB: "Staging" }).hubName;

  expect(at("Production")).toBe(isOwn ? "Staging" : "myshop");
  if (isOwn) expect(at("staging")).toBe("Staging");
  else expect(() => at("staging")).toThrow("hubName must be another name than that of production in a deployment slot");
});

it("the page on host.json is made of the table", async () => {
  const row = ({ name, rule, meaning }: KnownSetting) =>
    `| \`${name}\` | ${describeValue(rule)} | ${describeDefault(rule)} | ${meaning} |`;
  const ignoredRow = ({ name, ignored = "", harmless }: KnownSetting) =>
    `| \`${name}\` | ${ignored} | ${harmless === undefined ? "no" : "yes"} |`;
  const page = [
    "# host.json",
    "",
    "<!-- The tables are made of src/host/settings/known-settings.ts: npx vitest -u --run --project unit test/unit/host/settings/durable-task-section.test.ts -->",
    "",
    'What `extensions.durableTask` may say, by the names of the official extension. Names ignore case, texts count as numbers, times are written as `"00:00:30"`, `null` means "not set", and an app setting `AzureFunctionsJobHost__extensions__durableTask__hubName` goes before the file. A value out of range ends the start with its whole path; an unknown name is told in the log (`SettingIgnored`).',
    "",
    "| Setting | Value | Default | |",
    "| --- | --- | --- | --- |",
    ...knownSettings.filter(({ ignored }) => ignored === undefined).map(row),
    "",
    "## Known, and without effect",
    "",
    "These have a meaning for the extension and none here, or are so anyway. The last column says whether the log tells when one of them asks for something that does not happen.",
    "",
    "| Setting | Why | Told |",
    "| --- | --- | --- |",
    ...knownSettings.filter(({ ignored }) => ignored !== undefined).map(ignoredRow),
    "",
  ].join("\n");

  await expect(page).toMatchFileSnapshot("../../../../docs/host-json.md");
});

function describeValue(rule: SettingRule): string {
  switch (rule.type) {
    case "integer":
      return rule.most === undefined ? `number from ${rule.least}` : `number, ${rule.least} to ${rule.most}`;
    case "boolean":
      return "`true`, `false`";
    case "timeSpan":
      return `time, ${rule.leastMs / 1000} to ${rule.mostMs / 1000} s`;
    case "choice":
      return rule.choices.map((choice) => `\`${choice}\``).join(", ");
    case "text":
      return "text";
    case "list":
      return "list of texts";
    case "object":
    case "any":
      return "object";
  }
}

function describeDefault(rule: SettingRule): string {
  if (rule.type === "timeSpan" && typeof rule.fallback === "number") return `${rule.fallback / 1000} seconds`;
  return String(rule.fallback);
}
