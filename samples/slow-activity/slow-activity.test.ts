import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LocalHostProcess } from "../../test/support/local-host.ts";
import { createSamplesFolder, type SamplesFolder, waitForOutcome } from "../../test/support/samples.ts";

let samples: SamplesFolder;
let host: LocalHostProcess | undefined;

beforeAll(async () => {
  samples = await createSamplesFolder();
});

afterAll(async () => {
  await host?.stop();
  await samples?.remove();
});

it("goes on where it was when its host is killed, without repeating what was done", { timeout: 180_000 }, async () => {
  const ledger = join(samples.folder, "ledger.txt");
  const readLedger = async () => {
    const text = await readFile(ledger, "utf8").catch(() => "");
    return text.split(/\r?\n/).flatMap((line) => (line === "" ? [] : [line.slice(line.indexOf(" ") + 1)]));
  };
  const management = "/runtime/webhooks/durabletask";

  host = await samples.start({ LEDGER_FILE: ledger });
  const started = await fetch(`${host.url}/api/orchestrators/slowSteps`, { method: "POST", body: "4" });
  const { id } = (await started.json()) as { id: string };
  await expect.poll(readLedger).toEqual(["begin prepare", "end prepare", "begin work"]);
  await host.kill("SIGKILL");

  host = await samples.start({ LEDGER_FILE: ledger });
  const statusQueryGetUri = `${host.url}${management}/instances/${id}`;
  const outcome = await waitForOutcome(Response.json({ statusQueryGetUri }));

  expect(outcome).toMatchObject({ runtimeStatus: "Completed", output: ["prepare", "work", "clean up"] });
  expect(await readLedger()).toEqual([
    "begin prepare",
    "end prepare",
    "begin work",
    "begin work",
    "end work",
    "begin clean up",
    "end clean up",
  ]);
});
