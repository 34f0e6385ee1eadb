// What users' compilers say of the built package: each of them checks the tests of its types, the examples of
// docs/client.md, and its declarations themselves, which `skipLibCheck` would hide. Those of all pages
// are compiled by the tests in test/docs. Needs `npm run build`.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeModules } from "../support/pages.mjs";

// The older ones have a package.json of their own: side by side, each would want to be the `tsc` of the project.
const compilers = [
  "test/types/compilers/node_modules/typescript-5.9",
  "test/types/compilers/node_modules/typescript-6.0",
  "node_modules/typescript",
];
/** As a user's own modules, as those of a bundler, and as CommonJS by each way to it. */
const resolutions = [
  ["nodenext", "nodenext", "mts"],
  ["preserve", "bundler", "mts"],
  ["nodenext", "nodenext", "cts"],
  ["node16", "node16", "cts"],
];

// Inside of the project, so that the package resolves to itself through its `exports`.
const folder = mkdtempSync(join("dist", "types-"));
try {
  const entries = ["durable-functions-ts", "durable-functions-ts/portable", "durable-functions-ts/testing"];
  const source = entries.map((entry, index) => `export * as entry${index} from "${entry}";\n`).join("");
  const user = join(folder, "user");
  writeFileSync(`${user}.mts`, source);
  writeFileSync(`${user}.cts`, source);
  const examples = writeModules("docs/client.md", folder).map(({ path }) => path);
  if (examples.length === 0) throw new Error("docs/client.md has no examples");
  for (const compiler of compilers) {
    const version = run(compiler, ["--version"]).replace("Version ", "").trim();
    run(compiler, ["-p", "test/types"]);
    for (const [module, moduleResolution, extension] of resolutions) {
      const options = ["--module", module, "--moduleResolution", moduleResolution, "--target", "es2023"];
      const lib = ["--lib", "es2024,esnext.disposable", "--types", "node", "--exactOptionalPropertyTypes"];
      run(
        compiler,
        [`${user}.${extension}`, "--noEmit", "--strict", ...options, ...lib, ...ignoreConfig(compiler)],
        isOurs,
      );
    }
    // The template of Azure Functions has this target, no `lib`, and no `skipLibCheck`.
    const template = ["--module", "node16", "--moduleResolution", "node16", "--target", "es2015", "--types", "node"];
    run(compiler, [`${user}.cts`, "--noEmit", ...template, ...ignoreConfig(compiler)], isOurs);
    const options = ["--module", "nodenext", "--target", "es2023", "--lib", "es2024,esnext.disposable"];
    run(
      compiler,
      [...examples, "--noEmit", "--strict", ...options, "--types", "node", ...ignoreConfig(compiler)],
      isOurs,
    );
    process.stdout.write(`types: TypeScript ${version} agrees\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** From 6.0 on, files on the command line beside a tsconfig.json need a word. */
function ignoreConfig(compiler) {
  return compiler.endsWith("typescript-5.9") ? [] : ["--ignoreConfig"];
}

/** Other packages' declarations are theirs to mend. */
function isOurs(line) {
  return !/^node_modules[\\/]/.test(line) && !line.startsWith(" ");
}

/** Returns what the compiler prints. @throws when it finds errors that count */
function run(compiler, args, counts = () => true) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${compiler}/bin/tsc`, ...args], {
    encoding: "utf8",
    windowsHide: true,
  });
  const errors = stdout.split(/\r?\n/).filter((line) => line !== "" && counts(line));
  if (status !== 0 && (errors.length > 0 || stdout === "")) {
    throw new Error(`${compiler} ${args.join(" ")}\n${errors.join("\n")}${stderr}`);
  }
  return stdout;
}
