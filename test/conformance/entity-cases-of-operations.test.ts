// Cases that users of other SDKs have reported, of operations that fail, entities that go, locks and schedules.
import { describe, expect, it } from "vitest";
import type { DFApp } from "../../src/functions/df-app.ts";
import { isTaskFailedError } from "../../src/orchestration/task-failed-error.ts";
import type { EntityContext } from "../../src/worker/entities/entity-context.ts";
import {
  backends,
  type EntityHub,
  everyEntity,
  listOf,
  openEntityHub,
  outputOf,
  stateOf,
} from "./entity-hub-fixture.ts";

interface Notes {
  lines: string[];
}

/** Every operation writes a line; some fail after they have changed whatever an operation may change. */
function notes(context: EntityContext<Notes>): unknown {
  const { operationName } = context;
  const state = context.getState(() => ({ lines: [] }));
  switch (operationName) {
    case "read":
      return state.lines;
    case "delete":
      return context.destructOnExit();
    case "later":
      return context.signalEntity(context.entityId, "write", "at last", {
        scheduledTime: new Date(context.getInput<string>()),
      });
    case "write":
      state.lines.push(context.getInput());
      return context.setState(state);
    case "fail after set":
      context.setState({ lines: ["set"] });
      break;
    case "fail after delete":
      context.destructOnExit();
      break;
    case "fail in place":
      state.lines.push("in place");
      break;
  }
  context.signalEntity("@notes@bystander", "write", operationName);
  throw new RangeError(`no ${operationName}`);
}

/** The same, whose fields are the state. */
class Ledger {
  lines: string[] = [];

  write(line: string): void {
    this.lines.push(line);
  }

  read(): readonly string[] {
    return this.lines;
  }

  failInPlace(_: undefined, context: EntityContext): never {
    this.lines.push("in place");
    context.signalEntity("@notes@bystander", "write", "ledger");
    throw new RangeError("no failInPlace");
  }
}

function cases(app: DFApp): void {
  app.entity("Notes", notes);
  app.entity("Ledger", Ledger);
  app.orchestration("hold", async (context) => {
    await using _lock = await context.lock("@notes@held", "@ledger@held");
    context.setCustomStatus("holding");
    await context.waitForExternalEvent("Release");
  });
  app.orchestration("schedule", function* (context, seconds: number) {
    context.signalEntity("@notes@later", "write", "at last", { scheduledTime: { seconds } });
  });
}

const call = <T = unknown>(hub: EntityHub, entity: string, operation: string, input?: unknown) =>
  hub.run(hub.client.callEntity<T>(entity, operation, input));

async function failureOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (isTaskFailedError(error)) return `${error.failureDetails.errorType}: ${error.failureDetails.errorMessage}`;
  throw error ?? new Error("it has not failed");
}

describe.each(backends)("%s", (backend) => {
  const open = () => openEntityHub(backend, cases);

  // ext#1219, ext PR#1231, py#274, durabletask-python#241, ext#1751, ext PR#3544
  it("operations that fail leave nothing behind, are not run again, and the next ones of their batch run", async () => {
    await using hub = await open();
    for (const operation of ["write", "fail after set", "fail after delete", "fail in place", "unheard-of", "write"]) {
      await hub.client.signalEntity("@notes@n", operation, operation);
    }
    for (const operation of ["write", "failInPlace", "unheardOf", "write"]) {
      await hub.client.signalEntity("@ledger@l", operation, operation);
    }
    await hub.start();

    await hub.eventually(() => stateOf(hub, "/Notes/n"), { lines: ["write", "write"] });
    await hub.eventually(() => stateOf(hub, "/Ledger/l"), { lines: ["write", "write"] });
    await call(hub, "@notes@bystander", "write", "asked");
    expect(await call(hub, "@notes@bystander", "read")).toEqual(["asked"]);
  });

  // ext#1751, py#233
  it("who calls is told how the operation has failed, and the entity lives on", async () => {
    await using hub = await open();
    await hub.start();
    await call(hub, "@notes@n", "write", "kept");
    await call(hub, "@ledger@l", "write", "kept");

    expect(await failureOf(call(hub, "@notes@n", "fail after set"))).toBe("RangeError: no fail after set");
    expect(await failureOf(call(hub, "@notes@n", "fail after delete"))).toBe("RangeError: no fail after delete");
    expect(await failureOf(call(hub, "@ledger@l", "failInPlace"))).toBe("RangeError: no failInPlace");
    expect(await failureOf(call(hub, "@ledger@l", "unheardOf"))).toContain("EntityOperationNotFound: ");
    expect(await failureOf(call(hub, "@ledger@l", "constructor"))).toContain("EntityOperationNotFound: ");
    await hub.client.signalEntity("@ledger@l");

    expect(await call(hub, "@notes@n", "read")).toEqual(["kept"]);
    expect(await call(hub, "@ledger@l", "read")).toEqual(["kept"]);
  });

  // py#316, js#557, ext#1418, ext#1364
  it("a deleted entity is not there, is not listed, and begins anew", async () => {
    await using hub = await open();
    await hub.start();
    for (const entity of ["@notes@n", "@ledger@l"]) {
      await call(hub, entity, "write", "old");
      await call(hub, entity, "delete");

      expect(await hub.client.readEntityState(entity)).toMatchObject({ entityExists: false });
      expect(await hub.client.readEntityState(entity)).not.toHaveProperty("entityState");
    }
    expect(await listOf(hub)).toEqual([]);

    await call(hub, "@notes@n", "write", "new");
    await call(hub, "@ledger@l", "write", "new");
    expect(await call(hub, "@notes@n", "read")).toEqual(["new"]);
    expect(await call(hub, "@ledger@l", "read")).toEqual(["new"]);
  });

  // ext#1990, ext#1992, ext#931
  it("what deleted entities leave is cleaned away, all at once or page by page, and the others stay", async () => {
    await using hub = await open();
    await hub.start();
    const keys = Array.from({ length: 12 }, (_, n) => n);
    await Promise.all(keys.map((key) => hub.client.signalEntity(`@ledger@${key}`, "write", "x")));
    await hub.eventually(async () => (await listOf(hub)).length, 12);
    for (const key of keys.slice(2)) expect((await hub.http("DELETE", `/Ledger/${key}`)).status).toBe(202);
    await hub.eventually(async () => (await listOf(hub)).length, 2);

    expect((await hub.client.cleanEntityStorage()).emptyEntitiesRemoved).toBe(0); // they have not rested yet
    await hub.pass(10);
    let removed = 0;
    let continuationToken: string | undefined;
    do {
      const request = { continueUntilComplete: false, minEmptyMs: 0, continuationToken };
      const cleaned = await hub.run(hub.entities.cleanStorage(request));
      removed += cleaned.emptyEntitiesRemoved;
      continuationToken = cleaned.continuationToken;
    } while (continuationToken !== undefined);

    expect(removed).toBe(10);
    expect((await everyEntity(hub)).map(({ entityId }) => entityId.key).toSorted()).toEqual(["0", "1"]);
    expect(await call(hub, "@ledger@0", "read")).toEqual(["x"]);
  });

  // ext#931
  it("an entity that is purged is gone with all that waits in it", async () => {
    await using hub = await open();
    await hub.start();
    await call(hub, "@ledger@l", "write", "old");

    expect(await hub.client.purgeEntity("@ledger@l")).toEqual({ instancesDeleted: 1 });
    expect(await hub.client.purgeEntity("@ledger@l")).toEqual({ instancesDeleted: 0 });

    expect(await hub.client.readEntityState("@ledger@l")).toEqual({ entityExists: false });
    await call(hub, "@ledger@l", "write", "new");
    expect(await call(hub, "@ledger@l", "read")).toEqual(["new"]);
  });

  // durabletask-go#150, dt PR#862
  it.each<[string, (hub: EntityHub, id: string) => Promise<unknown>]>([
    ["is purged", ({ client }, id) => client.purgeInstanceHistory(id, { force: true })],
    ["is terminated", ({ client }, id) => client.terminate(id)],
    ["fails because its code has changed", changeTheCode],
  ])("the locks of an orchestration that %s are free again", async (_, end) => {
    await using hub = await open();
    await hub.start();
    const id = await hub.client.startNew("hold");
    await hub.eventually(async () => (await hub.client.getStatus(id)).customStatus, "holding");
    expect(await hub.client.readEntityState("@notes@held")).toMatchObject({ lockedBy: id });
    await hub.client.signalEntity("@notes@held", "write", "after the lock");
    await hub.client.signalEntity("@ledger@held", "write", "after the lock");

    await end(hub, id);

    await hub.eventually(() => stateOf(hub, "/Notes/held"), { lines: ["after the lock"] });
    await hub.eventually(() => stateOf(hub, "/Ledger/held"), { lines: ["after the lock"] });
    expect((await everyEntity(hub)).map(({ lockedBy }) => lockedBy)).toEqual([undefined, undefined]);
  });

  async function changeTheCode(hub: EntityHub, id: string): Promise<void> {
    await hub.start((app) => {
      app.entity("Notes", notes);
      app.entity("Ledger", Ledger);
      app.orchestration("hold", async (context) => {
        await context.createTimer({ hours: 1 });
      });
    });
    await hub.client.raiseEvent(id, "Release");
    expect(await hub.run(hub.client.waitForCompletion(id))).toMatchObject({ runtimeStatus: "Failed" });
  }

  // js#140
  it("a signal may be for later: of a client, of an orchestration and of an entity", async () => {
    await using hub = await open();
    await hub.start();
    const due = new Date(hub.now() + 2000);

    await hub.client.signalEntity("@notes@client", "write", "at last", { scheduledTime: due });
    await outputOf(hub, "schedule", 2);
    await call(hub, "@notes@entity", "later", due);

    for (const key of ["client", "later", "entity"]) {
      await hub.eventually(() => stateOf(hub, `/Notes/${key}`), { lines: ["at last"] });
    }
    expect(hub.now()).toBeGreaterThanOrEqual(due.getTime());
  });

  // js#140: there is no way to take a signal back
  it("a signal that is due after its entity was deleted or purged begins it anew", async () => {
    await using hub = await open();
    await hub.start();
    for (const key of ["deleted", "purged"]) await call(hub, `@notes@${key}`, "write", "old");

    const scheduledTime = new Date(hub.now() + 8000); // time enough to delete them before
    for (const key of ["deleted", "purged"]) {
      await hub.client.signalEntity(`@notes@${key}`, "write", "at last", { scheduledTime });
    }
    await hub.client.signalEntity("@notes@deleted", "delete");
    await hub.client.purgeEntity("@notes@purged");

    await hub.eventually(() => stateOf(hub, "/Notes/deleted"), { lines: ["at last"] });
    await hub.eventually(() => stateOf(hub, "/Notes/purged"), { lines: ["at last"] });
  });
});
