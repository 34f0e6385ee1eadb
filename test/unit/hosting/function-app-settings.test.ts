import { expect, it } from "vitest";
import { resolveFunctionAppSettings } from "../../../src/hosting/function-app-settings.ts";

const storage = { AzureWebJobsStorage: "UseDevelopmentStorage=true" };
const resolve = (env: Record<string, string> = {}, http: object = {}) =>
  resolveFunctionAppSettings({ version: "2.0", extensions: { http } }, { ...storage, ...env });

it("has defaults for all but the storage", () => {
  expect(resolve({ WEBSITE_SITE_NAME: "my-shop", WEBSITE_HOSTNAME: "my-shop.azurewebsites.net" })).toMatchObject({
    durableTask: { hubName: "myshop", usesLocalStore: false },
    routePrefix: "api",
    management: { route: "durabletask", authLevel: "function", linkRoute: "durabletask-links" },
    heartbeat: { schedule: "0 * * * * *" },
    linkKey: undefined,
    linkLifetimeMs: 7 * 24 * 3_600_000,
    limits: { maxBodyBytes: undefined },
    origin: "https://my-shop.azurewebsites.net",
  });
});

it("takes what the app settings say", () => {
  const settings = resolve(
    {
      DURABLE_MANAGEMENT_ROUTE: "/admin-of/hub/",
      DURABLE_MANAGEMENT_AUTH_LEVEL: "Admin",
      DURABLE_HEARTBEAT_SCHEDULE: "0 */5 * * * *",
      DURABLE_LINK_KEY: "0123456789012345678901234567890123456789",
      DURABLE_LINK_LIFETIME: "1.00:00:00",
      FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: "200000000",
      WEBSITE_HOSTNAME: "localhost:7071",
    },
    { routePrefix: "" },
  );

  expect(settings).toMatchObject({
    routePrefix: "",
    management: { route: "admin-of/hub", authLevel: "admin", linkRoute: "admin-of/hub-links" },
    heartbeat: { schedule: "0 */5 * * * *" },
    linkKey: "0123456789012345678901234567890123456789",
    linkLifetimeMs: 24 * 3_600_000,
    limits: { maxBodyBytes: 200_000_000 },
    origin: "http://localhost:7071",
  });
});

it("lets the management API and the heartbeat be switched off", () => {
  const settings = resolve({ DURABLE_MANAGEMENT_ROUTE: "none", DURABLE_HEARTBEAT_SCHEDULE: "None" });

  expect([settings.management, settings.heartbeat]).toEqual([undefined, undefined]);
});

it.each([
  [{ DURABLE_MANAGEMENT_ROUTE: "{*all}" }, /DURABLE_MANAGEMENT_ROUTE/],
  [{ DURABLE_MANAGEMENT_ROUTE: "a//b" }, /DURABLE_MANAGEMENT_ROUTE/],
  [{ DURABLE_MANAGEMENT_AUTH_LEVEL: "user" }, /DURABLE_MANAGEMENT_AUTH_LEVEL/],
  [{ DURABLE_HEARTBEAT_SCHEDULE: "often" }, /DURABLE_HEARTBEAT_SCHEDULE/],
  [{ DURABLE_LINK_KEY: "short" }, /DURABLE_LINK_KEY(?!.*short)/],
  [{ DURABLE_LINK_KEY: "@Microsoft.KeyVault(SecretUri=https://vault/secrets/x)" }, /DURABLE_LINK_KEY/],
  [{ DURABLE_LINK_LIFETIME: "0" }, /DURABLE_LINK_LIFETIME/],
  [{ DURABLE_LINK_LIFETIME: "20000d" }, /DURABLE_LINK_LIFETIME/],
])("refuses %j by the name of the setting", (env, message) => {
  expect(() => resolve(env as Record<string, string>)).toThrow(message);
});

it("keeps away from what the host serves itself", () => {
  expect(() => resolve({ DURABLE_MANAGEMENT_ROUTE: "admin/hub" }, { routePrefix: "" })).toThrow(/admin\/hub/);
  expect(resolve({ DURABLE_MANAGEMENT_ROUTE: "admin/hub" }).management?.route).toBe("admin/hub");
});

it("brings no store of its own: without an account it says what to set", () => {
  const hostJson = { extensions: { durableTask: { storageProvider: { connectionName: "Orders" } } } };

  expect(() => resolveFunctionAppSettings({}, {})).toThrow(/set 'AzureWebJobsStorage' to its connection string/);
  expect(() => resolveFunctionAppSettings(hostJson, storage)).toThrow(/set 'Orders' to its connection string/);
  expect(() => resolveFunctionAppSettings({}, {})).toThrow(
    /'AzureWebJobsStorage__accountName' to open it by an identity/,
  );
});

it("has a wake queue where an extension bundle brings queue triggers, unless it is switched off", () => {
  const bundle = { extensionBundle: { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[4.0.0, 5.0.0)" } };
  const durableTask = { hubName: "ShopHub", storageProvider: { connectionName: "Orders" } };
  const env = { Orders: "UseDevelopmentStorage=true", AzureWebJobsStorage: "x" };
  const wakeQueueOf = (hostJson: object, more: Record<string, string> = {}) =>
    resolveFunctionAppSettings({ extensions: { durableTask }, ...hostJson }, { ...env, ...more }).wakeQueue;

  expect(wakeQueueOf(bundle)).toEqual({ queueName: "shophub-wake", connection: "Orders" });
  expect(wakeQueueOf(bundle, { DURABLE_WAKE_QUEUE: "Default" })).toEqual(wakeQueueOf(bundle));
  expect(wakeQueueOf(bundle, { "ConnectionStrings:Orders": "UseDevelopmentStorage=true" })?.connection).toBe("Orders");
  const byIdentity = resolveFunctionAppSettings(bundle, { AzureWebJobsStorage__accountName: "shop" });
  expect(byIdentity.wakeQueue?.connection).toBe("AzureWebJobsStorage");
  expect(wakeQueueOf(bundle, { DURABLE_WAKE_QUEUE: "None" })).toBeUndefined();
  expect(wakeQueueOf({})).toBeUndefined();
  expect(wakeQueueOf({ extensionBundle: {} })).toBeUndefined();
  expect(() => wakeQueueOf(bundle, { DURABLE_WAKE_QUEUE: "my-queue" })).toThrow(/DURABLE_WAKE_QUEUE/);
});

it("names a wake queue that storage accepts, whatever the hub is called", () => {
  const hubName = `A${"b".repeat(44)}`;
  const settings = resolveFunctionAppSettings(
    { extensionBundle: { id: "x" }, extensions: { durableTask: { hubName } } },
    storage,
  );

  expect(settings.wakeQueue?.queueName).toMatch(/^[a-z][a-z0-9-]{2,62}$/);
});
