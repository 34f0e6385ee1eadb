// What users' compilers say of mistakes: each line of mistakes.txt that is marked has an error which says what is wrong,
// and no other line has any. Needs `npm run build`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const compilers = [
  "test/types/compilers/node_modules/typescript-5.9",
  "test/types/compilers/node_modules/typescript-6.0",
  "node_modules/typescript",
];

const source = readFileSync("test/types/mistakes.txt", "utf8");
const expected = new Map();
for (const [index, line] of source.split(/\r?\n/).entries()) {
  const mark = line.indexOf("//! ");
  if (mark >= 0) expected.set(index + 1, line.slice(mark + "//! ".length).trim());
}

// Inside of the project, so that the package resolves to itself through its `exports`.
const folder = mkdtempSync(join("dist", "messages-"));
try {
  writeFileSync(join(folder, "mistakes.mts"), source);
  const compilerOptions = {
    module: "nodenext",
    target: "es2023",
    lib: ["es2024", "esnext.disposable"],
    types: ["node"],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["mistakes.mts"] }));
  for (const compiler of compilers) {
    const version = run(compiler, ["--version"]).replace("Version ", "").trim();
    const problems = compare(messagesOf(run(compiler, ["-p", folder, "--pretty", "false"])));
    if (problems.length > 0) throw new Error(`TypeScript ${version}\n${problems.join("\n")}`);
    process.stdout.write(`messages: TypeScript ${version} tells ${expected.size} mistakes\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** What is said, by line: a message, and what stands indented below it. */
function messagesOf(text) {
  const messages = new Map();
  let current;
  for (const line of text.split(/\r?\n/)) {
    const found = /mistakes\.mts\((\d+),\d+\): error (.*)$/.exec(line);
    if (found !== null) {
      current = Number(found[1]);
      messages.set(current, `${messages.get(current) ?? ""}${found[2]}\n`);
    } else if (line.startsWith(" ") && current !== undefined) {
      messages.set(current, `${messages.get(current)}${line}\n`);
    } else if (line !== "") {
      throw new Error(`unexpected: ${line}`);
    }
  }
  return messages;
}

/** What is not as it has to be. */
function compare(messages) {
  const problems = [];
  for (const [line, texts] of expected) {
    const said = messages.get(line) ?? "nothing";
    let from = 0;
    for (const text of texts.split(" ... ")) {
      const found = said.indexOf(text, from);
      if (found < 0) {
        problems.push(`line ${line} wants: ${texts}\nbut it says: ${said}`);
        break;
      }
      from = found + text.length;
    }
  }
  for (const [line, said] of messages) if (!expected.has(line)) problems.push(`line ${line} is no mistake: ${said}`);
  return problems;
}

/** Returns what the compiler prints, which ends with an error where it finds mistakes. */
function run(compiler, args) {
  const { stdout, stderr, error } = spawnSync(process.execPath, [`${compiler}/bin/tsc`, ...args], { encoding: "utf8" });
  if (error !== undefined || stderr !== "" || stdout === "") throw new Error(`${compiler}: ${error ?? stderr}`);
  return stdout;
}
