import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { expect, it } from "vitest";

const below = (...layers: string[]) => new Set(layers);

/** Which layers a layer may import, besides itself. `index.ts` and `cli` see all; nothing imports `testing`. */
const mayImport = new Map([
  ["core", below()],
  ["management", below("core")],
  ["orchestration", below("core")],
  ["worker", below("core", "orchestration")],
  ["engine", below("core")],
  ["backends/memory", below("core", "engine")],
  ["backends/azure-storage", below("core", "engine")],
  ["functions", below("core", "management", "orchestration", "worker")],
  ["http", below("core", "management")],
  ["host", below("core", "management", "orchestration", "worker", "engine", "functions", "http")],
  ["cli", below("core", "worker", "engine", "backends/memory", "backends/azure-storage", "functions", "http", "host")],
  [
    "testing",
    below(
      "core",
      "orchestration",
      "worker",
      "engine",
      "backends/memory",
      "backends/azure-storage",
      "functions",
      "http",
    ),
  ],
]);

/** Folders (relative to src) that alone may import a package. */
const packageHomes = new Map([
  ["@azure/storage-queue", ["backends/azure-storage/storage"]],
  ["@azure/storage-blob", ["backends/azure-storage/storage"]],
  ["@azure/data-tables", ["backends/azure-storage/storage"]],
  ["@azure/functions", ["functions"]],
  ["jsonc-parser", ["host/settings"]],
  ["tinyglobby", ["host/app"]],
  ["vitest", ["testing"]],
  ["fast-check", ["testing"]],
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
  const text = readFileSync(`src/${path}`, "utf8");
  return [...text.matchAll(/(?:\bfrom|\bimport\(?)\s*"([^"]+)"/g)].map((match) => match[1]!);
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

it("every package has its folder", () => {
  const wrong: string[] = [];
  for (const path of sourceFiles) {
    for (const specifier of importsOf(path).filter((imported) => !/^(\.|node:)/.test(imported))) {
      const homes = packageHomes.get(specifier);
      if (!homes?.some((home) => path.startsWith(`${home}/`))) wrong.push(`${path} imports ${specifier}`);
    }
  }
  expect(wrong).toEqual([]);
});

it("core, orchestration and engine touch no clock, randomness, environment or socket by themselves", () => {
  const trap =
    /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bAbortSignal\.timeout\(|\bsetInterval\(|\bprocess\.env\b|\brandomUUID\(|\bglobalThis\.fetch\b|from "node:(?:net|http|https|fs|fs\/promises|child_process)"/;
  const pure = sourceFiles.filter(
    (path) =>
      /^(core|orchestration|engine|worker|http|backends)\//.test(path) &&
      path !== "core/system-ports.ts" &&
      path !== "worker/durable-http/system-http.ts",
  );
  const wrong = pure.filter((path) => trap.test(readFileSync(`src/${path}`, "utf8")));
  expect(wrong).toEqual([]);
});
