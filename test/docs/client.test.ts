import { DurableClient } from "durable-functions-ts";
import { createTestHub } from "durable-functions-ts/testing";
import { expect, it, vi } from "vitest";
import { loadPage } from "./load-page.ts";

/** What the page prints, line by line. */
const printed: unknown[][] = [];

const log = vi.spyOn(console, "log").mockImplementation((...line) => {
  printed.push(line);
});
// The page connects to a storage account; here the hub is in memory, and so is its app by then.
const connect = vi.spyOn(DurableClient, "connect").mockImplementation(async () => await createTestHub().connect());
Object.assign(globalThis, { order: { id: "1", total: 20 } });
await loadPage("docs/client.md");
log.mockRestore();

it("the page is one program, that connects by the name of a setting", () => {
  expect(connect.mock.calls).toEqual([[{ connection: "AzureWebJobsStorage", taskHub: "Orders" }]]);
});

it("prints what a client gets to know", () => {
  const printedFirst = (text: unknown) => printed.filter(([first]) => first === text);

  expect(printed[0]).toEqual([expect.any(String), 20]);
  expect(printedFirst("it was there already")).toHaveLength(1);
  expect(printedFirst("only what has failed can be rewound")).toHaveLength(1);
  expect(printed.slice(-1)).toEqual([[1, true, { value: 1 }]]);
});
