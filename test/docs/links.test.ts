import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { expect, it } from "vitest";
import { npmCommand } from "../support/npm-command.mjs";

const pages = [
  ...readdirSync("."),
  ...["docs", "samples"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path.replaceAll("\\", "/")}`),
  ),
].filter((path) => path.endsWith(".md"));

interface Link {
  readonly page: string;
  /** As it is written. */
  readonly text: string;
  /** From the root of the repository. */
  readonly path: string;
  readonly anchor: string | undefined;
}

/** What is text, with the same number of lines: no blocks of code, no comments. */
function proseOf(page: string): string {
  return readFileSync(page, "utf8")
    .replaceAll("\r\n", "\n")
    .replace(/^```.*?^```$|<!--.*?-->/gms, "");
}

/** Links into the repository. */
function linksOf(page: string): readonly Link[] {
  // A code span may hold brackets, and may be the text of a link.
  const prose = proseOf(page).replace(/`[^`\n]*`/g, "code");
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)]
    .map(([, text]) => text!)
    .filter((text) => !/^[a-z]+:/.test(text))
    .map((text) => {
      const [path = "", anchor] = text.split("#");
      return { page, text, path: path === "" ? page : posix.join(posix.dirname(page), path), anchor };
    });
}

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(page: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const [, heading] of proseOf(page).matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const plain = heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = plain.replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "").replaceAll(" ", "-");
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count++) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

const links = pages.flatMap(linksOf);

it("finds the pages and their links", () => {
  expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/client.md", "samples/library-mode/README.md"]));
  expect(links.length).toBeGreaterThan(100);
  expect(anchorsOf("docs/client.md")).toContain("start-and-wait-for-the-result");
});

it("every link leads to a file or folder of the repository", () => {
  expect(links.filter(({ path }) => !existsSync(path)).map(({ page, text }) => `${page}: ${text}`)).toEqual([]);
});

it("every anchor is that of a heading", () => {
  const broken = links.filter(
    ({ path, anchor }) =>
      anchor !== undefined && existsSync(path) && (!path.endsWith(".md") || !anchorsOf(path).has(anchor)),
  );

  expect(broken.map(({ page, text }) => `${page}: ${text}`)).toEqual([]);
});

it("what the pages of the package link to is in the package", () => {
  const [npm, ...npmArgs] = npmCommand;
  const list = execFileSync(npm, [...npmArgs, "pack", "--dry-run", "--json", "--ignore-scripts"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    windowsHide: true,
  });
  const packed: readonly string[] = JSON.parse(list)[0].files.map(({ path }: { path: string }) => path);
  const isPacked = ({ path }: Link) =>
    packed.some((file) => file === path || file.startsWith(`${path.replace(/\/$/, "")}/`));
  // Who reads how the sources are made has the sources.
  const isOfSources = ({ page, path }: Link) =>
    /^(?:ARCHITECTURE|BENCHMARKS)\.md$/.test(page) && /^(?:src|test|scripts)\//.test(path);

  const missing = links.filter((link) => packed.includes(link.page) && !isPacked(link) && !isOfSources(link));

  expect(missing.map(({ page, text }) => `${page}: ${text}`)).toEqual([]);
});

it("every page under docs is in the index", () => {
  const index = new Set(linksOf("docs/README.md").map(({ path }) => path));

  expect(pages.filter((page) => /^docs\/[^/]+$/.test(page) && page !== "docs/README.md" && !index.has(page))).toEqual(
    [],
  );
});
