import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, it } from "vitest";
import * as ours from "../../../../src/index.ts";
import { ReplayContext } from "../../../../src/orchestration/replay-context.ts";
import { OperationContext } from "../../../../src/worker/entities/operation-context.ts";

const official = createRequire(import.meta.url)("durable-functions") as Record<string, Record<string, unknown>>;
const types = "node_modules/durable-functions/types";
const declarations = Object.fromEntries(
  readdirSync(types).map((file) => [file, readFileSync(`${types}/${file}`, "utf8")]),
);

/** Members that a class or interface of `durable-functions` 3.5 declares. */
function declaredMembers(file: string, name: string): readonly string[] {
  const text = declarations[file]!.replace(/\r|\/\*[\s\S]*?\*\//g, "");
  const body = new RegExp(`(?:class|interface) ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(text)![1]!;
  const members = [...body.matchAll(/^ {4}(?:public |readonly )*(\w+)[?(:<]/gm)].map((match) => match[1]!);
  return [...new Set(members)].filter((member) => member !== "constructor" && member !== "uniqueWebhookOrigins");
}

it("has every value that durable-functions 3.5 exports, under df, df.app, df.app.client, df.input and df.trigger", () => {
  expect(Object.keys(ours)).toEqual(expect.arrayContaining(Object.keys(official)));
  const { wrapActivityHandler: _internal, ...app } = official["app"]!;
  expect(Object.keys(ours.app)).toEqual(expect.arrayContaining(Object.keys(app)));
  expect(Object.keys(ours.app.client).sort()).toEqual(Object.keys(app["client"] as object).sort());
  expect(Object.keys(ours.input)).toEqual(Object.keys(official["input"]!));
  expect(Object.keys(ours.trigger).sort()).toEqual(Object.keys(official["trigger"]!).sort());
});

it("has every member of its client and its contexts", () => {
  const client = declaredMembers("durableClient.d.ts", "DurableClient");
  const orchestration = declaredMembers("orchestration.d.ts", "DurableOrchestrationContext");
  const entity = declaredMembers("entity.d.ts", "DurableEntityContext");

  expect([client.length, orchestration.length, entity.length]).toEqual([17, 22, 11]);
  expect(client.filter((name) => !(name in ours.DurableClient.prototype))).toEqual([]);
  expect(orchestration.filter((name) => !(name in ReplayContext.prototype) && name !== "Task")).toEqual([]);
  // A field is no member of the prototype.
  expect(entity.filter((name) => !(name in OperationContext.prototype))).toEqual(["isNewlyConstructed"]);
});

it("makes the bindings that durable-functions makes", () => {
  for (const name of ["orchestration", "activity", "entity"] as const) {
    expect(ours.trigger[name]()).toEqual((official["trigger"]![name] as () => unknown)());
  }
  expect(ours.input.durableClient()).toMatchObject({ type: "durableClient", durableRequiresGrpc: true });
});

it("makes what tests of 3.x code make", () => {
  const lines: unknown[] = [];
  const context = new ours.DummyOrchestrationContext("tour", "call-1", (level, ...args) =>
    lines.push([level, ...args]),
  );
  context.log("a line");
  const state = new ours.EntityStateResponse(true, 5);

  expect([context.functionName, context.invocationId, context.df]).toEqual(["tour", "call-1", undefined]);
  expect(lines).toEqual([["information", "a line"]]);
  expect(new ours.DummyEntityContext<number>().functionName).toBe(
    new (official["DummyEntityContext"] as unknown as new () => { functionName: string })().functionName,
  );
  expect({ ...state }).toEqual({ entityExists: true, entityState: 5 });
  expect(new ours.EntityStateResponse(false)).toEqual({ entityExists: false });
  expect(new ours.LockState(true, [])).toMatchObject({ isLocked: true, ownedLocks: [] });
  expect(
    [{}, null, { ownedLocks: [], release() {} }].map((value) => value instanceof (ours.DurableLock as never)),
  ).toEqual([false, false, true]);
});
