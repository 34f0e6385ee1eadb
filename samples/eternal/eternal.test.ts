import { expect, it } from "vitest";
import { VirtualHub } from "../../src/testing/virtual-hub.ts";

it("works every hour for six weeks, and keeps no more in the end than after the first hour", async () => {
  await using hub = new VirtualHub();
  const { registries } = await hub.loadApp(() => import("./app.ts"));
  await hub.startWorker({ registries });
  await hub.client.startInstance({ instanceId: "eternal", name: "eternal" });
  await hub.settle();
  const hourly: string[][] = [];
  for (let hour = 1; hour <= 1000; hour++) {
    await hub.advance("1h");
    expect(await hub.client.getInstance("eternal")).toMatchObject({ customStatus: `"round ${hour} is done"` });
    const history = (await hub.client.getHistory("eternal"))!;
    hourly.push(history.map(({ type }) => type));
  }
  const { instances } = await hub.client.queryInstances({});

  expect(hourly.at(-1)).toEqual(hourly[0]);
  expect(instances).toHaveLength(1);
});
