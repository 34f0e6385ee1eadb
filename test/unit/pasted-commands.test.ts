import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

/**
 * What users paste has to mean the same in bash, in zsh (where a `#` begins no comment), in cmd (where `'` quotes nothing,
 * and `#` is an argument) and in Windows PowerShell (which knows no `&&`).
 */
const rules: readonly [name: string, trap: RegExp][] = [
  ["a comment", /(?:^|\s)#/],
  ["a backtick, which runs a command in a shell and continues a line in PowerShell", /`/],
  ["single quotes, which cmd hands on as they are", /'/],
  ["more than one command", /&&|\|\||;\s|;$/],
  ["a variable of the shell", /\$\w|\$\{|\$\(/],
  ["an assignment in front of a command, or an export", /^\s*(?:export\s|\w+=)/],
  ["a line that goes on in the next", /\\$|\^$/],
  ["a placeholder in angle brackets, which redirects", /[<>]/],
  ["an unquoted ? or *, which zsh looks for among files", /^[^"]*(?:"[^"]*"[^"]*)*[?*]/],
  ["an unquoted comma, at which PowerShell takes an argument apart", /^[^"]*(?:"[^"]*"[^"]*)*,/],
  ["an unquoted [ or {, which shells expand", /^[^"]*(?:"[^"]*"[^"]*)*[[{]/],
];
/** Two lines that are what everybody knows of a project: install, and see it run. */
const prescribed = new Set(["npm ci && npm start", "npm ci && npm test"]);

function findTraps(command: string): readonly string[] {
  if (prescribed.has(command)) return [];
  return rules.flatMap(([name, trap]) => (trap.test(command) ? [name] : []));
}

/** The lines of all blocks of a markdown text that say they are for a shell. */
function commandsOf(text: string): readonly string[] {
  const blocks = text.matchAll(/^[ \t]*```(?:sh|bash|zsh|shell|console|cmd|powershell)[ \t]*\r?\n(.*?)^[ \t]*```/gms);
  return [...blocks].flatMap(([, block]) => block!.split(/\r?\n/)).filter((line) => line.trim() !== "");
}

const pages = [
  ...readdirSync("."),
  ...["docs", "samples", "src"].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path.replaceAll("\\", "/")}`),
  ),
].filter((path) => path.endsWith(".md"));

it("finds the pages and their commands", () => {
  expect(pages).toEqual(expect.arrayContaining(["README.md", "docs/deployment.md", "samples/library-mode/README.md"]));
  expect(commandsOf(readFileSync("README.md", "utf8"))).toContain("npm ci && npm start");
});

it("every command of every page can be pasted into bash, zsh, cmd and PowerShell", () => {
  const wrong = pages.flatMap((page) =>
    commandsOf(readFileSync(page, "utf8")).flatMap((command) =>
      findTraps(command).map((trap) => `${page}: ${command}\n  has ${trap}`),
    ),
  );

  expect(wrong).toEqual([]);
});

it.each([
  ["npm i -D azurite # the storage that `durable start` runs", 2],
  ["# builds", 1],
  ["npx tsc && npx durable start", 1],
  ["npm ci && npm start # builds", 2],
  [`curl -d '{"approved":true}' http://localhost:7071/api/x`, 2],
  ["curl http://localhost:7071/instances/<id>", 1],
  ["curl -X POST http://localhost:7071/terminate?reason=enough", 1],
  ["curl -d [1] http://localhost:7071/api/x", 1],
  ["npx durable purge --status Completed,Failed", 1],
  ["NAME=value node main.js", 1],
  ['docker run -e STORAGE="$STORAGE" app', 1],
  ["az functionapp create \\", 1],
  ["cd app; npm start", 1],
  ['curl -X POST "http://localhost:7071/terminate?reason=enough"', 0],
  [String.raw`curl -d "{\"id\":\"order-1\"}" http://localhost:7071/api/x`, 0],
  ["npm install -D azurite@3.35 typescript @types/node", 0],
  ["npm ci && npm test", 0],
])("%s has %i traps", (command, count) => {
  expect(findTraps(command)).toHaveLength(count);
});
