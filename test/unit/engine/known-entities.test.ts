import { expect, it } from "vitest";
import { KnownEntities, type KnownEntity } from "../../../src/engine/known-entities.ts";
import { noSchedulerState } from "../../../src/entities/scheduler-state.ts";

const entity = (length = 0): KnownEntity => ({
  scheduler: noSchedulerState,
  length,
  executionId: "e",
  historyVersion: "1",
  startedAt: undefined,
  acceptedIds: [],
});
const idsIn = (known: KnownEntities) => ["a", "b", "c"].filter((id) => known.take(id) !== undefined);

it("an entity is taken out while it is in a work item", () => {
  const known = new KnownEntities(10, 1e9);
  known.put("a", entity());
  expect([known.take("a") === undefined, known.take("a")]).toEqual([false, undefined]);
});

it("of too many entities those go that were used first", () => {
  const known = new KnownEntities(2, 1e9);
  for (const id of ["a", "b"]) known.put(id, entity());
  known.put("a", known.take("a")!);
  known.put("c", entity());
  expect(idsIn(known)).toEqual(["a", "c"]);
});

it("entities are kept by the length of their texts, whatever that consists of", () => {
  const known = new KnownEntities(10, 1e6);
  for (const id of ["a", "b", "c"]) known.put(id, entity(100_000));
  expect(idsIn(known)).toEqual(["b", "c"]);
  known.put("a", entity(1e6));
  expect(idsIn(known)).toEqual([]);
});

it("none is kept when none shall be, or once all is over", () => {
  const none = new KnownEntities(0, 1e9);
  none.put("a", entity());
  expect(idsIn(none)).toEqual([]);
  const known = new KnownEntities(10, 1e9);
  known.put("a", entity());
  known.clear();
  expect(idsIn(known)).toEqual([]);
});
