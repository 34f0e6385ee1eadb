import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { expect, it } from "vitest";

const below = (...layers: string[]) => new Set(layers);

/** Which layers a layer may import, besides itself. `index.ts` and `cli` see all; nothing imports `testing`. */
const mayImport = new Map([
  ["core", below()],
  ["entities", below("core")],
  ["management", below("core", "entities")],
  ["orchestration", below("core", "entities")],
  ["client", below("core", "management", "orchestration")],
  ["worker", below("core", "entities", "orchestration")],
  ["engine", below("core", "entities")],
  ["backends/memory", below("core", "engine")],
  ["backends/azure-storage", below("core", "entities", "engine")],
  // `hosting` is loaded lazily, by a client that opens a hub by itself, and so are `grpc`, when a Durable extension calls,
  // and what `host` knows of host.json, when a Functions host starts: an app loads without them, see light-entries.
  [
    "functions",
    below("client", "core", "entities", "management", "orchestration", "worker", "hosting", "grpc", "host"),
  ],
  ["http", below("core", "entities", "management")],
  // `grpc` is loaded lazily, for apps whose functions or clients ask for it.
  ["host", below("core", "management", "orchestration", "worker", "engine", "functions", "http", "grpc")],
  ["grpc", below("core", "entities", "engine")],
  [
    "portable",
    below("client", "core", "entities", "management", "orchestration", "worker", "engine", "grpc", "hosting"),
  ],
  [
    "hosting",
    below(
      "core",
      "management",
      "worker",
      "engine",
      "backends/memory",
      "backends/azure-storage",
      "functions",
      "host",
      "http",
    ),
  ],
  [
    "cli",
    below(
      "core",
      "management",
      "worker",
      "engine",
      "backends/memory",
      "backends/azure-storage",
      "functions",
      "http",
      "host",
      "hosting",
      "grpc",
    ),
  ],
  [
    "testing",
    below(
      "client",
      "core",
      "entities",
      "management",
      "orchestration",
      "worker",
      "engine",
      "backends/memory",
      "backends/azure-storage",
      "functions",
      "http",
      "portable",
    ),
  ],
]);

/**
 * Which rooms of `orchestration` a room may import, besides itself. A room is a folder, or a file that stands for itself.
 * The files beside the folders are what everybody may speak of; tasks know their execution by its scope only.
 */
const mayImportInOrchestration = new Map([
  ["", below("http")],
  ["replay/execution-scope.ts", below("tasks")],
  ["tasks", below("", "replay/execution-scope.ts")],
  ["http", below("", "replay/execution-scope.ts")],
  ["replay/context-scope.ts", below("replay/execution-scope.ts")],
  ["replay", below("", "tasks", "replay/execution-scope.ts", "replay/context-scope.ts")],
  ["replay-context.ts", below("", "http", "tasks", "replay/context-scope.ts")],
]);

/** Folders and files (relative to src) that alone may import a package. */
const packageHomes = new Map([
  ["@azure/storage-queue", ["backends/azure-storage/storage/azure-sdk.ts"]],
  ["@azure/storage-blob", ["backends/azure-storage/storage/azure-sdk.ts"]],
  ["@azure/data-tables", ["backends/azure-storage/storage/azure-sdk.ts"]],
  ["@azure/functions", ["functions"]],
  ["@bufbuild/protobuf", ["grpc"]],
  ["@grpc/grpc-js", ["grpc"]],
  ["@azure/identity", ["grpc/channel"]],
  ["jsonc-parser", ["host/settings"]],
  ["tinyglobby", ["host/app"]],
  ["vitest", ["testing/backend", "testing/task-hub-suite.ts"]],
]);

const sourceFiles = readdirSync("src", { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts"));

function layerOf(path: string): string | undefined {
  const [first, second, ...rest] = path.split("/");
  if (second === undefined) return undefined;
  return first === "backends" && rest.length > 0 ? `backends/${second}` : first;
}

function importsOf(path: string): string[] {
  // Examples in comments import what a user has.
  const text = readFileSync(`src/${path}`, "utf8").replace(/^\s*\*.*$/gm, "");
  return [...text.matchAll(/(?:\bfrom|\bimport\(?)\s*"([^"]+)"/g)].map((match) => match[1]!);
}

function filesImportedBy(path: string): string[] {
  const relative = importsOf(path).filter((specifier) => specifier.startsWith("."));
  return relative.map((specifier) => posix.join(posix.dirname(path), specifier));
}

function roomOf(path: string): string {
  const [, ...rest] = path.split("/");
  const file = rest.join("/");
  if (mayImportInOrchestration.has(file)) return file;
  return rest.length === 1 ? "" : rest[0]!;
}

/** The groups of files that all reach one another (strongly connected components), by Tarjan's algorithm. */
function findCircles(graph: ReadonlyMap<string, readonly string[]>): readonly string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    const at = order.size;
    order.set(file, at);
    lowest.set(file, at);
    open.push(file);
    for (const target of graph.get(file) ?? []) {
      if (!order.has(target)) visit(target);
      if (open.includes(target)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(target)!));
    }
    if (lowest.get(file) === at) {
      const group = open.splice(open.indexOf(file));
      if (group.length > 1 || graph.get(file)?.includes(file)) circles.push(group.sort());
    }
  };
  for (const file of graph.keys()) if (!order.has(file)) visit(file);
  return circles;
}

/** `@scope/name` of `@scope/name/part`. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

it("finds the sources", () => {
  expect(sourceFiles.length).toBeGreaterThan(20);
});

it("imports point down the layers", () => {
  const wrong: string[] = [];
  for (const path of sourceFiles) {
    const layer = layerOf(path);
    if (layer === undefined) continue;
    for (const specifier of importsOf(path).filter((imported) => imported.startsWith("."))) {
      const target = layerOf(posix.join(posix.dirname(path), specifier)) ?? "index";
      if (target !== layer && !mayImport.get(layer)?.has(target)) wrong.push(`${path} imports ${target}`);
    }
  }
  expect(wrong).toEqual([]);
});

it("imports within orchestration point from its context to its scope", () => {
  const wrong: string[] = [];
  for (const path of sourceFiles.filter((file) => file.startsWith("orchestration/"))) {
    const room = roomOf(path);
    for (const target of filesImportedBy(path).filter((file) => file.startsWith("orchestration/"))) {
      const targetRoom = roomOf(target);
      if (targetRoom !== room && !mayImportInOrchestration.get(room)?.has(targetRoom)) {
        wrong.push(`${path} imports ${target}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});

it("imports go in no circle, not even those of types", () => {
  expect(findCircles(new Map(sourceFiles.map((path) => [path, filesImportedBy(path)])))).toEqual([]);
});

it("finds a circle through several files", () => {
  const graph = { a: ["b"], b: ["c", "d"], c: ["a"], d: ["e"], e: [], f: ["f"], g: ["a"] };

  expect(findCircles(new Map(Object.entries(graph)))).toEqual([["a", "b", "c"], ["f"]]);
});

it("each numbered invariant is cited where the code of its room relies on it", () => {
  const roomOf = (path: string) => layerOf(path) ?? "";
  const notCited = sourceFiles.flatMap((path) => {
    const own = readFileSync(`src/${path}`, "utf8");
    const room = sourceFiles.filter((other) => roomOf(other) === roomOf(path));
    // A port is kept by those who implement it.
    const readers = path === "engine/backend.ts" ? sourceFiles : room;
    const code = readers
      .map((other) => readFileSync(`src/${other}`, "utf8").replace(/^ \* [A-Z]\d\. /gm, ""))
      .join("\n");
    const numbers = [...own.matchAll(/^ \* ([A-Z]\d)\. /gm)].map((match) => match[1]!);
    return numbers.flatMap((number) => (new RegExp(`\\b${number}\\b`).test(code) ? [] : `${path}: ${number}`));
  });

  expect(notCited).toEqual([]);
});

it("every package has its folder", () => {
  const wrong: string[] = [];
  for (const path of sourceFiles) {
    for (const specifier of importsOf(path).filter((imported) => !/^(\.|node:)/.test(imported))) {
      const homes = packageHomes.get(packageOf(specifier));
      if (!homes?.some((home) => path === home || path.startsWith(`${home}/`)))
        wrong.push(`${path} imports ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

it("the kit for tests does without vitest, but for its suites", () => {
  const reached = new Set<string>();
  const visit = (path: string) => {
    if (reached.has(path)) return;
    reached.add(path);
    const imported = importsOf(path).filter((specifier) => specifier.startsWith("."));
    for (const specifier of imported) visit(posix.join(posix.dirname(path), specifier));
  };
  visit("testing/index.ts");
  expect(reached.size).toBeGreaterThan(20);
  expect([...reached].filter((path) => importsOf(path).includes("vitest"))).toEqual([]);
});

it("core, orchestration and engine touch no clock, randomness, environment or socket by themselves", () => {
  const trap =
    /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bAbortSignal\.timeout\(|\bsetInterval\(|\bprocess\.env\b|\brandomUUID\(|\bglobalThis\.fetch\b|from "node:(?:net|http|https|fs|fs\/promises|child_process)"/;
  const pure = sourceFiles.filter(
    (path) =>
      /^(core|orchestration|engine|worker|http|backends)\//.test(path) &&
      path !== "core/system-ports.ts" &&
      path !== "worker/durable-http/system-http.ts" &&
      path !== "backends/azure-storage/storage/lean/http-sender.ts" &&
      // It names them, for whoever touches them.
      path !== "worker/replay-check/altered-globals.ts",
  );
  const wrong = pure.filter((path) => trap.test(readFileSync(`src/${path}`, "utf8")));
  expect(wrong).toEqual([]);
});

it("no signal is joined for ever: AbortSignal.any keeps a part of each signal for as long as they live", () => {
  const wrong = sourceFiles.filter((path) => /\bAbortSignal\.any\(/.test(readFileSync(`src/${path}`, "utf8")));
  expect(wrong).toEqual([]);
});
