import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { runDurable, startLocalHost } from "../support/local-host.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-watch-"));
  const library = pathToFileURL(resolve("dist/index.js")).href;
  write("host.json", '{ "version": "2.0" }');
  write("package.json", '{ "type": "module", "main": "app.js" }');
  write("app.js", `import { DFApp } from "${library}"; new DFApp().activity("greet", () => "hello");`);
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

it("starts where Node's watch mode wants to hear of every module, its storage process too", async () => {
  await using host = await startLocalHost({ appFolder: folder, env: { WATCH_REPORT_DEPENDENCIES: "1" } });

  expect(host.output()).toContain("Storage:  Azurite");
});

it("lets a debugger connect to the process of the app", async () => {
  for (const verb of ["start", "dev"] as const) {
    await using host = await startLocalHost({ appFolder: folder, verb, args: ["--inspect=0"] });
    const [, address] = /Debugger listening on ws:\/\/(127\.0\.0\.1:\d+)\//.exec(host.output())!;

    const targets = (await (await fetch(`http://${address}/json/list`)).json()) as { readonly type: string }[];
    expect(targets).toMatchObject([{ type: "node" }]);
  }
});

it.skipIf((process.features as { typescript?: unknown }).typescript)("says what to do about TypeScript", async () => {
  for (const type of ["module", "commonjs"]) {
    write("package.json", JSON.stringify({ type, main: "app.ts" }));
    write("app.ts", 'import { x } from "./x.ts"; const text: string = x;');

    const { code, stderr } = await runDurable(["start", "--port", "0", "--script-root", folder]);

    expect(stderr).toMatch(
      /^app\.ts could not be loaded: it is TypeScript, which Node .* does not run by itself\. .*\n$/,
    );
    expect(code).toBe(1);
  }
});
