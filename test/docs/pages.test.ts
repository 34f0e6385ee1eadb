import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { listPages, modulesOf, readModules } from "../support/pages.mjs";

const pages = listPages().filter((page) => readModules(page).length > 0);
const tests = readdirSync("test/docs").filter((name) => name.endsWith(".test.ts") && name !== "pages.test.ts");

it("each page with examples has a test that runs them", () => {
  const loaded = tests.flatMap((name) =>
    [...readFileSync(`test/docs/${name}`, "utf8").matchAll(/loadPage\("([^"]+)"\)/g)].map(([, page]) => page!),
  );

  expect(pages.filter((page) => !loaded.includes(page))).toEqual([]);
  expect(loaded.filter((page) => !existsSync(page))).toEqual([]);
});

it("TypeScript stands only on pages whose examples are run", () => {
  const others = [...readdirSync("."), ...filesUnder("samples"), ...filesUnder("src")].filter(
    (path) => path.endsWith(".md") && path !== "README.md",
  );

  expect(others).toContain("samples/library-mode/README.md");
  expect(others.filter((path) => modulesOf(readFileSync(path, "utf8")).length > 0)).toEqual([]);
});

it("blocks of a page are one module, whose lines are those of the page", () => {
  const text = [
    "<!-- ts",
    "declare const input: number;",
    "-->",
    "```ts",
    "const one = input;",
    "```",
    "```jsonc",
    "```",
    '```ts title="src/other.ts"',
    "const other = 1;",
    "```",
    '```ts title="third.ts" no-run="needs a scheduler"',
    "```",
    "```ts",
    "const two = one;",
    "```",
  ].join("\r\n");

  const [page, other, third, ...rest] = modulesOf(text);

  expect(page).toMatchObject({ name: "page.ts" });
  expect(page!.source.split(/\r?\n/).flatMap((line, index) => (line === "" ? [] : [[index + 1, line]]))).toEqual([
    [2, "declare const input: number;"],
    [5, "const one = input;"],
    [15, "const two = one;"],
  ]);
  expect(other).toMatchObject({ name: "src/other.ts", source: expect.stringContaining("const other = 1;") as string });
  expect(third).toMatchObject({ name: "third.ts", noRun: "needs a scheduler" });
  expect(rest).toEqual([]);
});

it.each([
  ['```ts tilte="a.ts"\n```', "words that mean nothing"],
  ["```ts no-run\n```", "words that mean nothing"],
  ["```ts\nconst a = 1;", "has no"],
])("%j is refused", (text, message) => {
  expect(() => modulesOf(text)).toThrow(message);
});

function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).map(
    (path) => `${folder}/${path.replaceAll("\\", "/")}`,
  );
}
