import { createTestHub } from "durable-functions-ts/testing";
import { expect, it } from "vitest";
import { loadPage } from "./load-page.ts";

// The test that the page shows is a test of this file.
await loadPage("README.md");

it("cities are greeted one after the other", async () => {
  const hub = createTestHub();

  expect(await (await hub.start("helloSequence", ["Rome"])).result()).toEqual(["Hello Rome!"]);
});
