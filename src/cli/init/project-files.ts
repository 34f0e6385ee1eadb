import { isTaskHubName } from "../../core/task-hub-name.ts";

export interface ProjectOptions {
  /** Of the folder. */
  readonly name: string;
  readonly language: "typescript" | "javascript";
  /** Versions by package, this one among them. */
  readonly versions: Readonly<Record<string, string>>;
}

/** The files of a new app, by path; package.json and .gitignore are separate, since they may be completed. */
export function projectFiles({ name, language }: ProjectOptions): ReadonlyMap<string, string> {
  const isTyped = language === "typescript";
  const files = new Map<string, string>([
    ["host.json", json({ version: "2.0", extensions: { durableTask: { hubName: hubNameOf(name) } } })],
    ["local.settings.json", json({ IsEncrypted: false, Values: { FUNCTIONS_WORKER_RUNTIME: "node" } })],
    [".funcignore", lines(funcignored(isTyped))],
    [".vscode/launch.json", json(launch)],
    [`src/functions/hello.${isTyped ? "ts" : "js"}`, isTyped ? helloTs : helloJs],
    [`src/test/hello.test.${isTyped ? "ts" : "js"}`, helloTest(isTyped ? "ts" : "js")],
  ]);
  if (isTyped) files.set("tsconfig.json", json(tsconfig));
  return files;
}

/** What package.json of a new app says. */
export function projectManifest({ name, language, versions }: ProjectOptions): Record<string, unknown> {
  const isTyped = language === "typescript";
  const pick = (...names: readonly string[]) => Object.fromEntries(names.map((each) => [each, versions[each] ?? "*"]));
  return {
    name: packageNameOf(name),
    version: "0.1.0",
    private: true,
    type: "module",
    main: isTyped ? "dist/functions/*.js" : "src/functions/*.js",
    engines: { node: versions["node"] ?? ">=20.19" },
    scripts: isTyped
      ? { build: "tsc", start: "tsc && durable start", dev: "durable dev", test: "tsc && cd dist && node --test" }
      : { start: "durable start", dev: "durable dev", test: "cd src && node --test" },
    dependencies: pick("@azure/functions", "durable-functions-ts"),
    devDependencies: isTyped ? pick("@types/node", "azurite", "typescript") : pick("azurite"),
  };
}

/** What .gitignore of a new app leaves out; local.settings.json is where secrets are written. */
export function gitignored(language: ProjectOptions["language"]): readonly string[] {
  const built = language === "typescript" ? ["dist/", "*.tsbuildinfo"] : [];
  return ["node_modules/", ...built, ".durable/", "local.settings.json"];
}

/** A name that a task hub may have, of what may be anything: `my-app` is `MyApp`. */
export function hubNameOf(name: string): string {
  const words = name.normalize("NFKD").match(/[A-Za-z0-9]+/g) ?? [];
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  const hubName = joined.replace(/^\d+/, "").slice(0, 45);
  return isTaskHubName(hubName) ? hubName : "HelloHub";
}

/** A name that npm takes. */
export function packageNameOf(name: string): string {
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+|[._-]+$/g, "");
  return plain.slice(0, 214) || "durable-app";
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function lines(texts: readonly string[]): string {
  return `${texts.join("\n")}\n`;
}

/** What is not deployed. */
function funcignored(isTyped: boolean): readonly string[] {
  const sources = isTyped ? ["/src", "/dist/test", "*.map", "tsconfig.json"] : ["/src/test"];
  return [".git*", ".vscode", ".durable", "local.settings.json", ...sources, "node_modules/azurite"];
}

// Kept apart, as what this file itself imports is read from its text.
const library = '"durable-functions-ts"';
const testKit = '"durable-functions-ts/testing"';

const tsconfig = {
  compilerOptions: {
    target: "es2022",
    lib: ["es2023", "esnext.disposable"],
    module: "nodenext",
    types: ["node"],
    rootDir: "src",
    outDir: "dist",
    sourceMap: true,
    strict: true,
    skipLibCheck: true,
    // With these three Node 22.18 and later runs the sources as they are.
    erasableSyntaxOnly: true,
    verbatimModuleSyntax: true,
    rewriteRelativeImportExtensions: true,
  },
  include: ["src"],
};

const launch = {
  version: "0.2.0",
  configurations: [
    {
      name: "durable dev",
      type: "node",
      request: "launch",
      runtimeExecutable: "npm",
      runtimeArgs: ["run", "dev"],
      console: "integratedTerminal",
      skipFiles: ["<node_internals>/**", "**/node_modules/**"],
    },
    {
      name: "Attach to durable dev --inspect",
      type: "node",
      request: "attach",
      port: 9229,
      restart: true,
      skipFiles: ["<node_internals>/**", "**/node_modules/**"],
    },
  ],
};

const startFunction = (nameType: string) => `
app.http("start", {
  route: "orchestrators/{name}",
  methods: ["POST"],
  handler: async (request, client) => {
    const body = await request.text();
    try {
      const input${nameType} = body === "" ? undefined : JSON.parse(body);
      const id = await client.startNew(request.params.name, { input });
      return client.createCheckStatusResponse(request, id);
    } catch (error) {
      if (error instanceof SyntaxError) return { status: 400, body: "The body is not JSON." };
      if (isDurableError(error, "OrchestratorNotRegistered")) return { status: 404, body: error.message };
      throw error;
    }
  },
});
`;

const helloTs = `import { DFApp, isDurableError } from ${library};

const app = new DFApp();

// Work is done in activities: each one runs at least once, and its result is kept.
const sayHello = app.activity("sayHello", (city: string) => \`Hello \${city}!\`);

// Orchestrations say what is done, and wait for durable tasks only: after a crash they go on where they were.
app.orchestration("hello", function* (context, cities: string[] = ["Tokyo", "Seattle", "London"]) {
  const greetings: string[] = [];
  for (const city of cities) greetings.push(yield* context.callActivity(sayHello, city));
  return greetings;
});
${startFunction(": unknown")}`;

const helloJs = `import { DFApp, isDurableError } from ${library};

const app = new DFApp();

// Work is done in activities: each one runs at least once, and its result is kept.
const sayHello = app.activity("sayHello", (city) => \`Hello \${city}!\`);

// Orchestrations say what is done, and wait for durable tasks only: after a crash they go on where they were.
app.orchestration("hello", function* (context, cities = ["Tokyo", "Seattle", "London"]) {
  const greetings = [];
  for (const city of cities) greetings.push(yield* context.callActivity(sayHello, city));
  return greetings;
});
${startFunction("")}`;

const helloTest = (extension: string) => `import assert from "node:assert/strict";
import { test } from "node:test";
import { createTestHub } from ${testKit};
import "../functions/hello.${extension}";

// The app in memory, on a clock that skips timers and the waits of retries.

test("hello greets every city", async () => {
  const hub = createTestHub();
  const run = await hub.start("hello", ["Paris", "Oslo"]);

  assert.deepEqual(await run.result(), ["Hello Paris!", "Hello Oslo!"]);
});

test("hello fails when a greeting fails", async () => {
  const hub = createTestHub();
  hub.inject.failActivity("sayHello", { error: "nobody is at home" });
  const run = await hub.start("hello", ["Paris"]);

  await assert.rejects(run.result(), /nobody is at home/);
  assert.equal(hub.calls("sayHello").length, 1);
});
`;
