// Packs the package as npm would publish it and looks at it as a user would: publint, are-the-types-wrong, and an import
// of the unpacked tarball from a folder of its own.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { npmCommand } from "./npm-command.mjs";
import { unpackTarball } from "./tarball.mjs";

const root = process.cwd();
const folder = mkdtempSync(join(tmpdir(), "durable-package-"));
const run = (command, args, cwd = folder) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], windowsHide: true });
const node = (...args) => run(process.execPath, args);

try {
  const [npm, ...npmArgs] = npmCommand;
  const pack = ["pack", "--json", "--pack-destination", folder];
  const [{ filename, files }] = JSON.parse(run(npm, [...npmArgs, ...pack], root));
  const tarball = join(folder, filename);
  // npm packs whatever `main` matches, so the built samples ship too; nothing else of what is built beside the package does.
  const foreign = files
    .map(({ path }) => path)
    .filter((path) => /^(src|test|\.durable)\/|^dist\/pages\/|^dist\/samples\/(?!.*\/app\.js$)/.test(path));
  if (foreign.length > 0) throw new Error(`the package must not ship ${foreign.join(", ")}`);

  const home = join(folder, "node_modules");
  const unpacked = join(home, "durable-functions-ts");
  unpackTarball(tarball, unpacked);
  for (const name of readdirSync(join(root, "node_modules"))) {
    // Nobody has to have vitest who runs no suite.
    if (!name.startsWith(".") && name !== "vitest")
      symlinkSync(join(root, "node_modules", name), join(home, name), "junction");
  }

  // What names a map that is not there sends debuggers and bundlers looking for it.
  const dangling = files.filter(
    ({ path }) =>
      path.endsWith(".js") && /\n\/\/# sourceMappingURL=(?!data:)/.test(readFileSync(join(unpacked, path), "utf8")),
  );
  if (dangling.length > 0) throw new Error(`no map is shipped for ${dangling.map(({ path }) => path).join(", ")}`);

  const { messages, pkg } = await publint({ pkgDir: unpacked, strict: true, pack: false });
  // `main` is the glob by which a Functions host finds the samples in a clone; `exports` is what resolvers read.
  const isMeant = ({ code, path }) =>
    (code === "FILE_DOES_NOT_EXIST" && path.join() === "main") ||
    // Node requires modules: only compilers want another declaration for it.
    (code === "EXPORTS_TYPES_INVALID_FORMAT" && path.includes("require"));
  const problems = messages.filter((message) => !isMeant(message));
  for (const problem of problems) process.stderr.write(`publint: ${formatMessage(problem, pkg)}\n`);
  if (problems.length > 0) process.exitCode = 1;

  // Those who `require` get the same modules, declared as CommonJS: there is no default export that could differ.
  const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
  run(process.execPath, [attw, tarball, "--profile", "esm-only", "--ignore-rules", "false-cjs", "--quiet"], root);

  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  const names = "typeof m.DFApp === 'function' && typeof m.DurableError === 'function'";
  node("-e", `import("durable-functions-ts").then((m) => process.exit(${names} ? 0 : 1))`);
  node("-e", `const m = require("durable-functions-ts"); process.exit(${names} ? 0 : 1)`);
  node(join(unpacked, "dist/cli/main.js"), "--version");
  copyFileSync(join(root, "test/support/kit-outsider.mjs"), join(folder, "kit-outsider.mjs"));
  node(join(folder, "kit-outsider.mjs"));
  process.stdout.write(`package: ${files.length} files, problems: ${problems.length}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
