import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

/**
 * Compiles the program of a child process from the sources as they are now, below `node_modules`, where the compiled files
 * find their packages. Test runs beside each other do not share it.
 *
 * @param project its `tsconfig.json`
 * @returns the folder that stands for that of the repository
 */
export async function compileProcess(name: string, project: string): Promise<string> {
  const folder = resolve(`node_modules/.cache/${name}/${process.pid}`);
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const require = createRequire(import.meta.url);
  const tsc = join(dirname(require.resolve("typescript/package.json")), "bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", project, "--outDir", folder]);
  return folder;
}
