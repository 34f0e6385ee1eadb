import { readdirSync, readFileSync } from "node:fs";
import { parseAst } from "rolldown/parseAst";
import { describe, expect, it } from "vitest";

/** What runs on one system and not on another, by what it looks like in a source file. */
interface SourceRule {
  readonly name: string;
  /** @returns a piece of the text for each place that breaks the rule */
  find(text: string): readonly string[];
  /** Files where the thing is right, or which know about it. */
  readonly except?: readonly string[];
}

const touchesFiles = /(?:from |import\()"node:(?:fs|child_process)(?:\/promises)?"/;
const matches = (pattern: RegExp) => (text: string) => [...text.matchAll(pattern)].map(([found]) => found);

const rules: readonly SourceRule[] = [
  {
    name: "signals a process group, which Windows does not have",
    find: matches(/\bprocess\.kill\(\s*-[^)]*\)/g),
    except: ["test/support/end-with-parent.ts"],
  },
  {
    name: "asks a child to stop by a signal, which on Windows kills it: signalChild of test/support/end-with-parent.ts",
    find: matches(/\.kill\("SIG(?:TERM|INT|HUP)"\)/g),
    except: [
      // A wrapper of a command, which passes on what it has got itself.
      "scripts/start-func.mjs",
      // Ends what keeps nothing.
      "test/bench/sidecar-contenders.mjs",
      // Needs users and namespaces of Linux.
      "test/e2e/host-store-access.test.ts",
      // By the helper for hosts, whose method has the same name.
      "test/e2e/host-lifetime.test.ts",
    ],
  },
  {
    name: "detaches a child and does not hide its window",
    find: (text) =>
      [...text.matchAll(/\bdetached: true\b/g)]
        .filter(({ index }) => !/\bwindowsHide: true\b/.test(text.slice(Math.max(0, index - 200), index + 200)))
        .map(([found]) => found),
  },
  {
    name: "spawns a program that is a batch file on Windows, or not there: npmCommand and unpackTarball of test/support",
    find: matches(/\b(?:spawn|spawnSync|execFile|execFileSync|exec|execSync)\(\s*"(?:npm|npx|yarn|pnpm|tar)\b[^)]*/g),
  },
  {
    name: "splits what comes from files or processes at \\n alone: /\\r?\\n/",
    find: (text) => (touchesFiles.test(text) ? matches(/\.split\("\\n"\)/g)(text) : []),
  },
  {
    name: "splits paths at / alone: sep of node:path, or replaceAll first",
    find: (text) =>
      /\breaddir(?:Sync)?\b/.test(text) && !/\bsep\b|replaceAll\("\\\\", "\/"\)/.test(text)
        ? matches(/\.split\("\/"\)/g)(text)
        : [],
  },
  {
    name: "makes a URL of a path by hand: pathToFileURL",
    find: matches(/"file:\/\/\/?" ?\+|`file:\/\/\/?\$\{|new URL\((?:path|file|folder)\)/g),
  },
  { name: "swallows what a loop could not rename, remove or write, and goes on", find: findSwallowedFailures },
];

const fileCalls = /^(?:rename|rm|unlink|rmdir|writeFile|mkdir|copyFile|link)(?:Sync)?$/;
const loops = /^(?:For|ForIn|ForOf|While|DoWhile)Statement$/;

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Blocks `try { rm(...) } catch {}` inside of loops: the loop would try for ever, and say nothing. */
function findSwallowedFailures(text: string): readonly string[] {
  if (!touchesFiles.test(text) || !/\bcatch\b/.test(text)) return [];
  const found: string[] = [];
  const visit = (node: Node, isInLoop: boolean) => {
    if (node.type === "TryStatement" && isInLoop) {
      const handler = node["handler"] as Node | null;
      const body = (handler?.["body"] as Node | undefined)?.["body"] as readonly Node[] | undefined;
      const block = node["block"] as Node;
      if (body?.length === 0 && callsIn(block).some((name) => fileCalls.test(name))) {
        found.push(text.slice(node.start, node.end));
      }
    }
    const isFunction = /Function/.test(node.type);
    for (const child of childrenOf(node)) visit(child, loops.test(node.type) || (isInLoop && !isFunction));
  };
  visit(parseAst(text, { lang: "ts" }) as unknown as Node, false);
  return found;
}

function callsIn(node: Node): readonly string[] {
  const callee = node.type === "CallExpression" ? (node["callee"] as Node) : undefined;
  const named = callee?.type === "MemberExpression" ? (callee["property"] as Node) : callee;
  const own = typeof named?.["name"] === "string" ? [named["name"]] : [];
  return [...own, ...childrenOf(node).flatMap(callsIn)];
}

function childrenOf(node: Node): readonly Node[] {
  const isNode = (value: unknown): value is Node => typeof (value as Node | null)?.type === "string";
  return Object.values(node).flatMap((value) => (Array.isArray(value) ? value : [value]).filter(isNode));
}

const files = ["src", "test", "scripts", "samples"]
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path.replaceAll("\\", "/")}`),
  )
  .filter((path) => /\.[cm]?[jt]s$/.test(path) && !path.includes("node_modules/"))
  // Its examples break every rule.
  .filter((path) => path !== "test/unit/portable-sources.test.ts");

describe("sources run on every system", () => {
  it("finds them", () => {
    expect(files.length).toBeGreaterThan(500);
  });

  it.each(rules)("none of them $name", ({ find, except = [] }) => {
    const wrong = files
      .filter((path) => !except.includes(path))
      .flatMap((path) => find(readFileSync(path, "utf8")).map((place) => `${path}: ${place}`));

    expect(wrong).toEqual([]);
  });

  it.each([
    ["process.kill(-child.pid!, name);", 0],
    ['child.kill("SIGTERM");', 1],
    ["spawn(process.execPath, args, { detached: true });", 2],
    ['execFileSync("npm", ["pack"]);', 3],
    ['import { readFileSync } from "node:fs"; text.split("\\n");', 4],
    ['import { readdirSync } from "node:fs"; readdirSync(".")[0].split("/");', 5],
    ['new URL("file://" + path)', 6],
    ['import { rm } from "node:fs"; for (;;) { try { rm(path); } catch { /* gone */ } }', 7],
  ])("%s is found out", (text, rule) => {
    expect(rules.filter(({ find }) => find(text).length > 0)).toEqual([rules[rule]]);
  });
});

describe("the project's own commands run on every system", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };

  it("no script sets variables, quotes by ', or calls programs of a POSIX shell", () => {
    const trap = /(?:^|&& )(?:\w+=|(?:rm|cp|mv|mkdir|cat|export|test|find|sh|bash) )|'|`|\$|;|\|(?!\|)/;
    expect(Object.entries(scripts).filter(([, command]) => trap.test(command))).toEqual([]);
  });

  it("a clone has the same line ends everywhere", () => {
    expect(readFileSync(".gitattributes", "utf8")).toMatch(/^\* text=auto eol=lf$/m);
  });
});
