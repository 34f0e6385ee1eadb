// The examples of README.md and docs/*.md as modules, which compilers check (test/types/check-types.mjs) and tests run
// (test/docs). On a page:
//
//   ```ts                         is part of the one module of the page, `page.ts`
//   ```ts title="src/app.ts"      is part of a module of that name
//   ```ts no-run="<reason>"       keeps its module from being run; it is compiled all the same
//   <!-- ts ... -->               is code that readers need not see; takes the same words
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** A word without a meaning here is a mistake of whoever wrote the page. */
const words = /^(?:[ \t]*(?:title|no-run)="[^"]+")*[ \t]*$/;

export function listPages() {
  const pages = readdirSync("docs").filter((name) => name.endsWith(".md"));
  return ["README.md", ...pages.sort().map((name) => `docs/${name}`)];
}

export function readModules(page) {
  try {
    return modulesOf(readFileSync(page, "utf8"));
  } catch (error) {
    throw new Error(`${page}: ${error.message}`);
  }
}

export function modulesOf(text) {
  const lines = text.split(/\r?\n/);
  const modules = new Map();
  let end;
  let current;
  for (const [index, line] of lines.entries()) {
    if (end !== undefined) {
      if (line.trim() === end) end = undefined;
      else if (current !== undefined) current.source[index] = line;
      continue;
    }
    const [, open, info = ""] = /^(```|<!-- )ts\b(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      // Blocks of other languages may hold what looks like one of ours.
      if (line.startsWith("```")) [end, current] = ["```", undefined];
      continue;
    }
    if (!words.test(info)) throw new Error(`line ${index + 1}: "${line}" has words that mean nothing`);
    end = open === "```" ? "```" : "-->";
    const name = /title="([^"]+)"/.exec(info)?.[1] ?? "page.ts";
    current = modules.get(name) ?? { name, source: lines.map(() => "") };
    modules.set(name, current);
    const noRun = /no-run="([^"]+)"/.exec(info)?.[1];
    if (noRun !== undefined) current.noRun = noRun;
  }
  if (end !== undefined) throw new Error(`a block has no "${end}" at its end`);
  return [...modules.values()].map((module) => ({ ...module, source: module.source.join("\n") }));
}

export function writeModules(page, folder) {
  return readModules(page).map((module) => {
    const path = join(folder, basename(page, ".md"), module.name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, module.source);
    return { ...module, path };
  });
}
