import { expect, it } from "vitest";
import { readPlace } from "../../../../../src/backends/azure-storage/tracking/continuation-token.ts";
import { formatPageToken } from "../../../../../src/engine/instance-page.ts";

const serviceToken = (keys: unknown) => Buffer.from(JSON.stringify(keys)).toString("base64");

it.each([
  { after: "order-7" },
  { after: "it's 🌍^0" },
  { next: serviceToken({ nextPartitionKey: "1!8!aW5z", nextRowKey: "1!0!" }) },
  { after: "a", next: serviceToken({ nextPartitionKey: "1!8!aW5z" }) },
])("knows the place of its own token again: %j", (place) => {
  const token = formatPageToken("Hub", place);

  expect(token).toMatch(/^[\w-]+$/);
  expect(readPlace("Hub", token)).toEqual({ after: undefined, next: undefined, ...place });
  // Names of hubs ignore case.
  expect(readPlace("hUB", token)).toMatchObject(place);
  expect(() => readPlace("Hub2", token)).toThrow("'continuationToken' is of another task hub");
});

it("begins at the beginning without a token", () => {
  expect([readPlace("Hub", undefined), readPlace("Hub", "")]).toEqual([{}, {}]);
});

it.each([
  { after: "a/b" },
  { after: "a\u0000" },
  { after: "a".repeat(600) },
  { next: "x" },
  { next: serviceToken(null) },
  { next: serviceToken([]) },
  { next: serviceToken({}) },
  { next: serviceToken({ nextPartitionKey: 7 }) },
  { next: serviceToken({ nextPartitionKey: {} }) },
  { next: serviceToken({ nextPartitionKey: "ä" }) },
  { next: serviceToken({ nextPartitionKey: "a\r\nx-header: 1" }) },
  { next: serviceToken({ nextPartitionKey: "a", other: "b" }) },
])("refuses a token that was made up, before the storage sees it: %j", (place) => {
  expect(() => readPlace("Hub", formatPageToken("Hub", place))).toThrow(
    "'continuationToken' is not one that a query has returned",
  );
});
