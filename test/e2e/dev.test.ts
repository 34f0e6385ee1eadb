import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readStoreRecord } from "../../src/hosting/azurite/store-record.ts";
import { type LocalHostProcess, startLocalHost } from "../support/local-host.ts";

let folder: string;

const library = pathToFileURL(resolve("dist/index.js")).href;
const appSource = (greeting: string, activity = `() => ${JSON.stringify(greeting)}`) => `
import { DFApp } from "${library}";
const app = new DFApp();
app.activity("greet", ${activity});
app.orchestration("wait", function* (context) {
  yield context.waitForExternalEvent("go");
  return yield context.callActivity("greet");
});
app.http("start", { route: "start", methods: ["POST"], handler: async (request, client) =>
  ({ jsonBody: client.createHttpManagementPayload(await client.startNew("wait")) }) });
app.http("greeting", { route: "greeting", handler: () => ({ body: ${JSON.stringify(greeting)} }) });
`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "durable-dev-"));
  write("host.json", '{ "version": "2.0" }');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

const startDev = (...args: string[]) => startLocalHost({ verb: "dev", appFolder: folder, args });
const greeting = async (host: LocalHostProcess) => {
  const answer = await fetch(`${host.url}/api/greeting`).catch(() => undefined);
  return await answer?.text();
};
const storePid = () => readStoreRecord(join(folder, ".durable", "azurite"))?.pid;

async function startInstance(host: LocalHostProcess) {
  const answer = await fetch(`${host.url}/api/start`, { method: "POST" });
  return (await answer.json()) as { statusQueryGetUri: string; sendEventPostUri: string };
}

async function go({ sendEventPostUri }: { sendEventPostUri: string }): Promise<void> {
  const headers = { "content-type": "application/json" };
  await fetch(sendEventPostUri.replace("{eventName}", "go"), { method: "POST", headers, body: "1" });
}

const outcome = async ({ statusQueryGetUri }: { statusQueryGetUri: string }) =>
  await (await fetch(statusQueryGetUri)).json();

describe("durable dev", () => {
  beforeEach(() => {
    write("package.json", '{ "type": "module", "main": "app.js" }');
    write("app.js", appSource("one"));
  });

  it("goes on with its instances on the same storage process after a change, and ends without a trace", async () => {
    const host = await startDev();
    const instance = await startInstance(host);
    const store = storePid();

    write("app.js", appSource("two"));
    await expect.poll(() => host.output()).toMatch(/Restarted in \d+\.\d s: app\.js changed\./);
    expect(await greeting(host)).toBe("two");
    expect(host.output().match(/Functions:/g)).toHaveLength(1);
    await go(instance);

    await expect.poll(() => outcome(instance)).toMatchObject({ runtimeStatus: "Completed", output: "two" });
    write("app.js", `${appSource("three")}app.activity("more", () => 1);`);
    await expect.poll(() => host.output()).toContain("more: activity");
    expect(storePid()).toBe(store);
    expect(await host.stop()).toBe(0);
    expect(storePid()).toBeUndefined();
    expect(host.output()).not.toContain("Waiting for a change");
  });

  it("shows what is wrong and waits for the next change", async () => {
    await using host = await startDev();

    write("app.js", "const = 1;");
    await expect.poll(() => host.output()).toMatch(/app\.js could not be loaded.*SyntaxError.*Waiting for a change/s);
    expect(host.output()).toMatch(/app\.js:1\nconst = 1;\n {6}\^/);
    write("app.js", `import "./lib/part.js";\n${appSource("whole")}`);
    write("lib/part.js", "export const a = ;");
    await expect.poll(() => host.output()).toMatch(/lib\/part\.js:1\nexport const a = ;/);
    write("lib/part.js", "export const a = 1;");

    await expect.poll(() => greeting(host)).toBe("whole");
  });

  it("gives back what a crash of the app has left, when the app goes on after a change", async () => {
    await using host = await startDev();
    const store = storePid();
    write("app.js", appSource("crashing", "() => process.exit(7)"));
    await expect.poll(() => greeting(host)).toBe("crashing");
    const instance = await startInstance(host);
    await go(instance);
    await expect.poll(() => host.output()).toContain("The app ended (exit code 7). Waiting for a change.");

    write("lib/other.json", "{}");
    write("app.js", appSource("whole"));

    await expect.poll(() => greeting(host)).toBe("whole");
    await expect.poll(() => outcome(instance)).toMatchObject({ runtimeStatus: "Completed", output: "whole" });
    // The storage process was started anew, which is what gives back messages at once.
    expect(storePid()).not.toBe(store);
  });

  it("looks for changes itself where it is told to, also in folders of other packages", async () => {
    const shared = mkdtempSync(join(tmpdir(), "durable-shared-"));
    try {
      await using host = await startDev("--poll", "--watch", shared);

      writeFileSync(join(shared, "part.js"), "export {};");
      await expect.poll(() => host.output()).toMatch(/Restarted in .*: \.\.\/durable-shared-\w+\/part\.js changed\./);
      write("app.js", appSource("polled"));
      await expect.poll(() => greeting(host)).toBe("polled");
    } finally {
      rmSync(shared, { recursive: true });
    }
  });

  it("pays no heed to packages, data and what was excepted", async () => {
    await using host = await startDev("--ignore", "data/");

    for (const path of ["node_modules/x/index.js", ".durable/x.json", "data/x.json", "notes.md"]) write(path, "{}");
    write("lib/late.js", "export {};");

    await expect.poll(() => host.output()).toContain("Restarted in");
    expect(host.output().match(/Restarted in .*/g)).toEqual([expect.stringContaining("lib/late.js changed.")]);
  });
});

describe("durable dev with TypeScript", () => {
  const tsconfig = (options: object) =>
    write(
      "tsconfig.json",
      JSON.stringify({
        compilerOptions: {
          module: "nodenext",
          target: "es2022",
          types: [],
          rootDir: "src",
          outDir: "dist",
          ...options,
        },
        include: ["src"],
      }),
    );
  const typed = (text: string) =>
    `// @ts-ignore\n${appSource(text).trim()}\nconst shown: string = ${JSON.stringify(text)};\nvoid shown;\n`.replace(
      /handler: async \(request, client\)/,
      "handler: async (request: any, client: any)",
    );

  beforeEach(() => {
    write("package.json", '{ "type": "module", "main": "dist/*.js" }');
    mkdirSync(join(folder, "node_modules"));
  });

  it("builds with the compiler of the project, and lets the app run on while it does not compile", async () => {
    symlinkSync(resolve("node_modules/typescript"), join(folder, "node_modules/typescript"));
    symlinkSync(resolve("node_modules/@typescript"), join(folder, "node_modules/@typescript"));
    tsconfig({ strict: false });
    write("src/app.ts", typed("built"));
    await using host = await startDev();
    expect(host.output()).toContain("Builds with tsc into dist before each start.");
    expect(await greeting(host)).toBe("built");

    write("src/app.ts", `${typed("wrong")}const count: number = "one";`);
    await expect.poll(() => host.output()).toContain("Waiting for a change; the app before it runs on.");
    expect(host.output()).toContain("TS2322");
    expect(await greeting(host)).toBe("built");
    expect(readFileSync(join(folder, "dist/app.js"), "utf8")).toContain("built");
    write("src/app.ts", typed("right"));

    await expect.poll(() => greeting(host)).toBe("right");
  });

  it("runs the sources through tsx where that is installed", async () => {
    // It is enough of the package to see that it is loaded first.
    const hooks = `import { readFileSync } from "node:fs";
export const load = async (url, context, next) => !url.endsWith(".ts") ? next(url, context)
  : { format: "module", shortCircuit: true, source: readFileSync(new URL(url), "utf8").replaceAll(/: (?:string|any)\\b/g, "") };`;
    write("node_modules/tsx/package.json", '{ "name": "tsx", "type": "module", "exports": "./loader.mjs" }');
    write("node_modules/tsx/hooks.mjs", hooks);
    write(
      "node_modules/tsx/loader.mjs",
      'import { register } from "node:module"; register("./hooks.mjs", import.meta.url); process.send?.({ type: "dependency" });',
    );
    tsconfig({});
    write("src/app.ts", typed("unbuilt"));
    await using host = await startDev();
    expect(host.output()).toContain("Runs src/*.ts through tsx, without a build.");
    expect(await greeting(host)).toBe("unbuilt");

    write("src/app.ts", typed("changed"));

    await expect.poll(() => greeting(host)).toBe("changed");
  });

  it.skipIf(!(process.features as { typescript?: unknown }).typescript)("runs them in a Node that can", async () => {
    tsconfig({ erasableSyntaxOnly: true, verbatimModuleSyntax: true, rewriteRelativeImportExtensions: true });
    write("src/app.ts", typed("in Node"));
    await using host = await startDev();

    expect(host.output()).toContain("Runs src/*.ts in Node, which removes the types, without a build.");
    expect(await greeting(host)).toBe("in Node");
  });
});
