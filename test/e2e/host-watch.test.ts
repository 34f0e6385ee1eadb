import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { startLocalHost } from "../support/local-host.ts";

it("starts where Node's watch mode wants to hear of every module, its storage process too", async () => {
  const folder = mkdtempSync(join(tmpdir(), "durable-watch-"));
  try {
    const library = pathToFileURL(resolve("dist/index.js")).href;
    writeFileSync(join(folder, "host.json"), '{ "version": "2.0" }');
    writeFileSync(join(folder, "package.json"), '{ "type": "module", "main": "app.js" }');
    writeFileSync(
      join(folder, "app.js"),
      `import { DFApp } from "${library}"; new DFApp().activity("greet", () => "hello");`,
    );
    await using host = await startLocalHost({
      appFolder: folder,
      env: { WATCH_REPORT_DEPENDENCIES: "1", NODE_OPTIONS: "" },
    });

    expect(host.output()).toContain("Storage:  Azurite");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
