// Cases that users of other SDKs have reported, on both backends, through what users of this one touch.
import { describe, expect, it } from "vitest";
import { EntityId } from "../../src/core/entity-id.ts";
import { mapConcurrently } from "../../src/core/map-concurrently.ts";
import type { DFApp } from "../../src/functions/df-app.ts";
import { isTaskFailedError } from "../../src/orchestration/task-failed-error.ts";
import type { EntityContext } from "../../src/worker/entities/entity-context.ts";
import { backends, everyEntity, listOf, openEntityHub, outputOf, stateOf } from "./entity-hub-fixture.ts";

class Counter {
  value = 0;

  add(amount: number): number {
    this.value += amount;
    return this.value;
  }

  get(): number {
    return this.value;
  }
}

/** A state that is no object. */
function primitive(context: EntityContext<unknown>): unknown {
  switch (context.operationName) {
    case "set":
      return context.setState(context.getInput());
    case "double": {
      const value = context.getState(() => 21) as number;
      return context.setState(value * 2);
    }
    default:
      return context.getState();
  }
}

type Request = readonly [entity: string, operation: string, input?: unknown];

function cases(app: DFApp): void {
  app.entity("Counter", Counter);
  app.entity("Primitive", primitive);
  app.orchestration("signal", function* (context, [entity, operation, input]: Request) {
    context.signalEntity(entity, operation, input);
  });
  app.orchestration("call", async (context, [entity, operation, input]: Request) => {
    try {
      return await context.callEntity(entity, operation, input);
    } catch (error) {
      if (isTaskFailedError(error)) return error.failureDetails.errorType;
      throw error;
    }
  });
}

describe.each(backends)("%s", (backend) => {
  const open = () => openEntityHub(backend, cases);

  // js#170
  it("a name in any case is one entity, to the client, to orchestrations and over HTTP", async () => {
    await using hub = await open();
    await hub.start();

    await hub.client.signalEntity(new EntityId("COUNTER", "k"), "add", 1);
    await outputOf(hub, "signal", ["@Counter@k", "ADD", 2]);
    await outputOf(hub, "call", ["@cOuNtEr@k", "Add", 4]);
    await hub.http("POST", "/coUNTer/k?op=aDD", 8);
    await hub.run(hub.client.callEntity({ name: "counTER", key: "k" }, "add", 16));

    await hub.eventually(() => stateOf(hub, "/Counter/k"), { value: 31 });
    expect(await listOf(hub, "/CoUnTeR")).toMatchObject([{ entityId: { name: "counter", key: "k" } }]);
  });

  // ext#1601, js#254
  it.each([
    ["/ \\ # ? %2F & + ' \" *"],
    [" a\u0000\u0001\u001f\u007f\u0085 "],
    ["@counter@k"],
    ["ключ 🗝 ключ"],
    ["/".repeat(251)],
    ["🗝".repeat(128)],
  ])("a key may be %j", async (key) => {
    await using hub = await open();
    await hub.start();
    const id = new EntityId("Counter", key);
    const path = `/Counter/${encodeURIComponent(key)}`;

    await hub.client.signalEntity(id, "add", 1);
    await outputOf(hub, "call", [id.toString(), "add", 2]);
    expect((await hub.http("POST", `${path}?op=add`, 4)).status).toBe(202);

    await hub.eventually(() => stateOf(hub, path), { value: 7 });
    expect(await listOf(hub, "", "?fetchState=true")).toMatchObject([
      { entityId: { name: "counter", key }, state: { value: 7 } },
    ]);
    expect((await hub.http("DELETE", path)).status).toBe(202);
    await hub.eventually(() => stateOf(hub, path), undefined);
    expect(await listOf(hub)).toEqual([]);
  });

  // ext#1601
  it.each([
    ["of 300 characters", "k".repeat(300), "at most 256 characters"],
    ["of 256 slashes, too many for a table,", "/".repeat(256), "count twice"],
  ])("a key %s is refused wherever it comes from", async (_, key, why) => {
    await using hub = await open();
    await hub.start();

    await expect(hub.client.signalEntity({ name: "Counter", key }, "add", 1)).rejects.toThrow(why);
    expect(await outputOf(hub, "call", [`@counter@${key}`, "add"])).toContain(why);
    expect((await hub.http("POST", `/Counter/${encodeURIComponent(key)}?op=add`, 1)).status).toBe(400);
  });

  // ext#1601
  it.each(["large", "a/b#c?d", "../..", "/".repeat(240)])(
    "a state of 100 KB under the key '%s' is read and listed",
    async (key) => {
      await using hub = await open();
      await hub.start();
      const text = "ä€🗝x".repeat(10_000);

      await hub.client.signalEntity(`@primitive@${key}`, "set", text);

      await hub.eventually(() => stateOf(hub, `/Primitive/${encodeURIComponent(key)}`), text);
      expect(await hub.client.readEntityState(`@primitive@${key}`)).toMatchObject({ entityState: text });
      expect(await listOf(hub, "/Primitive", "?fetchState=true")).toMatchObject([{ state: text }]);
      expect(await listOf(hub, "/Primitive")).toMatchObject([{ state: null }]);
      expect(await hub.run(hub.client.callEntity(`@primitive@${key}`, "get"))).toBe(text);
      expect(await outputOf(hub, "call", [`@primitive@${key}`, "set", text])).toBeNull();
      expect(await hub.client.purgeEntity(`@primitive@${key}`)).toEqual({ instancesDeleted: 1 });
    },
  );

  // js#253
  it("of many signals at once none is lost", async () => {
    await using hub = await open();
    await hub.start();

    await Promise.all(Array.from({ length: 100 }, () => hub.client.signalEntity("@counter@many", "add", 1)));

    await hub.eventually(() => stateOf(hub, "/Counter/many"), { value: 100 });
  });

  // ext#2744, ext#2800
  it("a state outlives restarts and a thousand operations, and never goes back", async () => {
    await using hub = await open();
    const seen: number[] = [];
    for (let round = 1; round <= 4; round++) {
      await hub.start();
      const signals = mapConcurrently(Array.from({ length: 250 }), 16, () =>
        hub.client.signalEntity("@counter@long", "add", 1),
      );
      for (let look = 0; look < 5; look++) {
        seen.push(await hub.run(hub.client.callEntity<number>("@counter@long", "get")));
      }
      await signals;
      await hub.stop();
    }
    await hub.start();

    await hub.eventually(() => stateOf(hub, "/Counter/long"), { value: 1000 });
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  // ext#1266, ext PR#959
  it("the first operation finds the initial value, sets the state, and the second reads it", async () => {
    await using hub = await open();
    for (const operation of ["double", "double", "get"]) await hub.client.signalEntity("@primitive@p", operation);
    await hub.start(); // all in one batch

    await hub.eventually(() => stateOf(hub, "/Primitive/p"), 84);
    expect(await hub.run(hub.client.callEntity("@primitive@p", "double"))).toBeUndefined();
    expect(await hub.run(hub.client.callEntity("@primitive@p", "get"))).toBe(168);
    expect(await hub.run(hub.client.callEntity("@counter@new", "add", 5))).toBe(5);
    expect(await hub.run(hub.client.callEntity("@counter@new", "get"))).toBe(5);
  });

  // ext#937
  it.each([[0], [5.5], [""], ["text"], [false], [[1, [2]]], [{ a: null }]])("a state may be %j", async (state) => {
    await using hub = await open();
    await hub.start();

    await hub.run(hub.client.callEntity("@primitive@p", "set", state));

    expect(await hub.run(hub.client.callEntity("@primitive@p", "get"))).toEqual(state);
    expect(await hub.client.readEntityState("@primitive@p")).toMatchObject({ entityExists: true, entityState: state });
    expect(await stateOf(hub, "/Primitive/p")).toEqual(state);
  });

  // ext#1613
  it("an entity that never was does not exist, and reading it makes none", async () => {
    await using hub = await open();
    await hub.start();

    expect(await hub.client.readEntityState("@counter@never")).toEqual({ entityExists: false });
    expect(await stateOf(hub, "/Counter/never")).toBeUndefined();
    expect(await listOf(hub)).toEqual([]);
    expect(await everyEntity(hub)).toEqual([]);
  });
});
