import { afterEach, expect, it } from "vitest";
import { DFApp } from "../../../../src/functions/df-app.ts";
import { installEmbeddedHost } from "../../../../src/functions/embedded-host.ts";
import { EmbeddedApps } from "../../../../src/host/app/embedded-apps.ts";
import { orderSchema } from "../../functions/standard-schemas.ts";
import { FakeOrchestrationClient } from "../../http/fake-orchestration-client.ts";
import { managementApi } from "../../http/management-fixture.ts";

let uninstall = () => {};
afterEach(() => uninstall());

/** Two apps of one process; the second one has the orchestration `ship`, with a version and a schema. */
function twoApps() {
  const apps = new EmbeddedApps();
  uninstall = installEmbeddedHost(apps);
  const shop = new DFApp({ version: "1" });
  shop.orchestration("buy", async () => {});
  const warehouse = new DFApp({ version: "7" });
  warehouse.orchestration("ship", { input: orderSchema, handler: async () => {} });
  const hub = new FakeOrchestrationClient();
  apps.engineRuns({
    client: hub,
    managementBaseUrl: "http://localhost/hook",
    connectionName: "Storage",
    startChecks: apps.startChecks,
  });
  const management = managementApi([], { startChecks: apps.startChecks });
  return { shop, hub, management };
}

const order = { id: "1", lines: [{ quantity: 2 }] };

it("an orchestration of another app is started with that app's version and schema, by client and over HTTP alike", async () => {
  const { shop, hub, management } = twoApps();
  const client = await shop.connect();

  await client.startNew("SHIP", { input: order });
  const refused = await client.startNew("ship", { input: { id: 1 } }).catch((error: unknown) => error);
  const accepted = await management.postJson("orchestrators/SHIP", JSON.stringify(order));
  const refusedOverHttp = await management.postJson("orchestrators/ship", JSON.stringify({ id: 1 }));

  expect(hub.calls).toMatchObject([["startInstance", { name: "SHIP", version: "7" }]]);
  expect(management.client.calls).toMatchObject([["startInstance", { name: "SHIP", version: "7" }]]);
  expect(accepted.status).toBe(202);
  expect(refused).toMatchObject({ code: "InvalidPayload" });
  expect(await refusedOverHttp.json()).toEqual({ Message: (refused as Error).message });
});

it("lists the entities of all apps, and refuses names that several of them define, those of entities ignoring case", () => {
  const apps = new EmbeddedApps();
  uninstall = installEmbeddedHost(apps);
  const [first, second] = [new DFApp(), new DFApp()];
  first.entity("Counter", () => {});
  first.activity("Log", () => {});
  first.activity("price", () => {});
  second.entity("counter", () => {});
  second.entity("Basket", () => {});
  second.entity("log", () => {});
  second.activity("price", () => {});

  expect(apps.entityNames).toEqual(["Basket", "Counter", "log"]);
  expect(() => apps.assertDefinedOnce()).toThrow(/more than one app .* defines 'price', 'Counter'/);
});
