import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { WorkItemFiltersSchema } from "../../../../src/grpc/proto/orchestrator_service_pb.ts";
import { readWorkItemFilters, type WorkKind } from "../../../../src/grpc/sidecar/work-item-filter.ts";

const filter = readWorkItemFilters(
  create(WorkItemFiltersSchema, {
    orchestrations: [{ name: "Any" }, { name: "Some", versions: ["1.0", ""] }, { name: "Some", versions: ["2.0"] }],
    entities: [{ name: "Counter" }],
  }),
);

const takes = (kind: WorkKind, name: string, version?: string) => filter.takes({ kind, name, version });

it.each([
  ["without filters", undefined],
  ["whose filters list nothing at all", create(WorkItemFiltersSchema)],
])("a worker %s takes everything", (_, filters) => {
  const everything = readWorkItemFilters(filters);

  expect(everything.takes({ kind: "activity", name: "x", version: undefined })).toBe(true);
  expect(everything.takesAny("entity")).toBe(true);
});

it("filters that list nothing at all are none", () => {
  const nothing = readWorkItemFilters(create(WorkItemFiltersSchema, {}));

  expect(nothing.takes({ kind: "activity", name: "x", version: undefined })).toBe(true);
});

it("a worker with filters takes what they list", () => {
  expect(takes("orchestration", "Any", "7")).toBe(true);
  expect(takes("orchestration", "Any")).toBe(true);
  expect(takes("orchestration", "any")).toBe(false);
  expect(takes("orchestration", "Other")).toBe(false);
});

it("versions of a name are those of all its entries, and the empty one stands for none", () => {
  expect(["1.0", "2.0", "", undefined, "3.0"].map((version) => takes("orchestration", "Some", version))).toEqual([
    true,
    true,
    true,
    true,
    false,
  ]);
});

it("a kind without entries is not taken", () => {
  expect(takes("activity", "x")).toBe(false);
  expect(filter.takesAny("activity")).toBe(false);
  expect(filter.takesAny("orchestration")).toBe(true);
});

it("names of entities ignore case", () => {
  expect(takes("entity", "counter")).toBe(true);
  expect(takes("entity", "COUNTER")).toBe(true);
});

it("an activity without a version fits all versions of its name", () => {
  const versioned = readWorkItemFilters(
    create(WorkItemFiltersSchema, { activities: [{ name: "a", versions: ["1.0"] }] }),
  );
  const fits = (name: string, version?: string) => versioned.takes({ kind: "activity", name, version });

  expect([fits("a"), fits("a", ""), fits("a", "1.0")]).toEqual([true, true, true]);
  expect([fits("a", "2.0"), fits("b")]).toEqual([false, false]);
});
