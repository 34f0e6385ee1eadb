import { readFileSync } from "node:fs";
import { DFApp } from "durable-functions-ts";
import { createTestHub } from "durable-functions-ts/testing";
import { expect, it } from "vitest";
import { loadPage } from "./load-page.ts";

const page = await loadPage("docs/data.md");
const hub = () => createTestHub(page["page.ts"]!);

it("a date comes back as a text, and what JSON would empty is refused with the words of the page", async () => {
  const app = new DFApp();
  app.orchestration("quoteMap", async (context) => context.callActivity("quote", { prices: new Map() }));

  expect(await (await hub().start("remind", 2)).result()).toBe(3);
  const { failureDetails } = await (await createTestHub(app).start("quoteMap")).ended();
  expect(failureDetails?.errorType).toBe("InvalidPayload");
  expect(readFileSync("docs/data.md", "utf8")).toContain(failureDetails?.errorMessage);
});

it("with a converter, dates, maps and classes are what they were", async () => {
  const run = await hub().start("bill", new Map([["tea", 3]]));

  expect(await run.result()).toEqual({ total: "3 EUR", at: expect.any(Date) as Date });
});

it("schemas refuse a start, and events that are raised by their definition", async () => {
  const tested = hub();
  const refused = tested.start("placeOrder", { id: "o-1", quantity: 0 });
  await expect(refused).rejects.toMatchObject({
    code: "InvalidPayload",
    message: "the input of orchestration 'placeOrder' is not valid: quantity: Too small: expected number to be >0",
  });

  const run = await tested.start("placeOrder", { id: "o-1", quantity: 4 });
  await run.raiseEvent("Approval", { approved: true });
  expect(await run.result()).toBe(6);

  const wrong = await tested.start("placeOrder", { id: "o-2", quantity: 4 });
  await wrong.raiseEvent("Approval", { approved: "yes" });
  expect(await wrong.ended()).toMatchObject({ failureDetails: { errorType: "InvalidPayload" } });
});

it("a large thing is handed over by its name", async () => {
  expect(await (await hub().start("report", "june")).result()).toBe("sent reports/june.pdf");
});
