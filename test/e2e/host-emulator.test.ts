import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runDurable, startLocalHost } from "../support/local-host.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-emulator-"));
  const library = pathToFileURL(resolve("dist/index.js")).href;
  const files = {
    "host.json": '{ "version": "2.0" }',
    // As `func init` writes it.
    "local.settings.json":
      '{ "IsEncrypted": false, "Values": { "FUNCTIONS_WORKER_RUNTIME": "node", "AzureWebJobsStorage": "UseDevelopmentStorage=true" } }',
    "package.json": '{ "type": "module", "main": "app.js" }',
    "app.js": `import { DFApp } from "${library}"; new DFApp().activity("greet", () => "hello");`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

const isBusy = (await Promise.all([10000, 10001, 10002].map(listens))).some((busy) => busy);

// An emulator of the developer's own would be used, and worked on.
describe.skipIf(isBusy)("UseDevelopmentStorage=true", () => {
  it("is the embedded store where no emulator listens, and one line says so", async () => {
    await using host = await startLocalHost({ appFolder: folder });

    expect(host.output()).toMatch(/Storage: {2}Azurite, in .*\.durable/);
    expect(host.output().match(/no emulator listens at 127\.0\.0\.1:10000, 10001 and 10002/g)).toHaveLength(1);
  });

  it("is what listens there, whole or not", async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(10000, "127.0.0.1", resolve));
    try {
      const { code, stderr } = await runDurable(["start", "-p", "0", "--script-root", folder]);

      expect(stderr).toContain("The queue service of the storage account cannot be reached at 127.0.0.1:10001");
      expect(code).toBe(1);
    } finally {
      server.close();
    }
  });
});
