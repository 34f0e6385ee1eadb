import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { inject } from "vitest";
import { readModules } from "../support/pages.mjs";

type Exports = Readonly<Record<string, unknown>>;

/**
 * Runs the examples of a page: its modules are loaded in the order in which the page shows them. What a module
 * `declare`s, the test puts on `globalThis` before. `node:test` is vitest here, so tests that a page shows are tests.
 *
 * @returns what the modules export, by their names; `page.ts` is the one of blocks without a title
 * @throws when they do not compile
 */
export async function loadPage(page: string): Promise<Readonly<Record<string, Exports>>> {
  const folder = `dist/pages/${basename(page, ".md")}/`;
  const errors = inject("compilerErrors").filter((line) => line.startsWith(folder));
  if (errors.length > 0) throw new Error(`the examples of ${page} do not compile\n${errors.join("\n")}`);
  const loaded: Record<string, Exports> = {};
  for (const { name, noRun } of readModules(page)) {
    if (noRun !== undefined) continue;
    const path = resolve(folder, name.replace(/\.ts$/, ".js"));
    loaded[name] = (await import(/* @vite-ignore */ pathToFileURL(path).href)) as Exports;
  }
  return loaded;
}
