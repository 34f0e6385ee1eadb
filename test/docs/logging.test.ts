import type { LogEntry, OrchestrationRun, WorkerHost } from "durable-functions-ts";
import { expect, it } from "vitest";
import { loadPage } from "./load-page.ts";

const { lines, host, run } = (await loadPage("docs/logging.md"))["page.ts"] as {
  readonly lines: readonly LogEntry[];
  readonly host: WorkerHost;
  readonly run: OrchestrationRun<unknown>;
};

it("a log of one's own gets the lines of user code and the events", async () => {
  await run.result();
  await host.stop();

  expect(lines).toContainEqual(
    expect.objectContaining({
      level: "info",
      category: "Function.greet.User",
      message: `greeting Ann [greet ${run.id}]`,
    }),
  );
  expect(lines.map(({ category }) => category)).toContain("OrchestrationCompleted");
});
