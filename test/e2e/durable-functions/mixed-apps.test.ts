import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../support/azurite.ts";
import { runDurable } from "../../support/local-host.ts";
import { failureOfActivity } from "./differences.ts";
import { createAppFolder, imports, runApp } from "./run-app.ts";

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.stop());

const env = { OUR_PACKAGE: resolve("dist/index.js") };

describe("an app that uses the functions of durable-functions 3.5 and a DFApp", () => {
  it.each(imports)("calls from each to the other, with the import %s", async (imported) => {
    await using app = await runApp("mixed.cjs", { azurite, imported, env });

    const classic = await app.start("classicParent");
    const ours = await app.start("ourParent");

    expect(await app.ended(classic)).toMatchObject({
      runtimeStatus: "Completed",
      output: ["ours a", "classic b", 2, failureOfActivity[imported]("ourFailure", "out of range")],
    });
    expect(await app.ended(ours)).toMatchObject({ runtimeStatus: "Completed", output: ["classic a", "classic b", 3] });
  });

  it("is refused when both define a function of one name", async () => {
    const folder = createAppFolder("mixed.cjs");
    try {
      const { code, stdout, stderr } = await runDurable(["start", "--port", "0", "--script-root", folder], {
        env: { ...env, DUPLICATE: "1", AzureWebJobsStorage: azurite.connectionString },
      });

      expect(code).not.toBe(0);
      expect(stdout + stderr).toContain(
        "defined more than once, by functions that run in different ways: 'classicActivity'",
      );
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
