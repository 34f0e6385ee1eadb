import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The program and the first arguments that run npm, on every system, without a shell: on Windows `npm` is a batch file,
 * which cannot be spawned.
 *
 * @type {readonly [program: string, ...args: string[]]}
 */
export const npmCommand = [process.execPath, findNpm()];

function findNpm() {
  const bin = dirname(process.execPath);
  const places = [
    // Said by npm itself in what it runs; other package managers say their own path there.
    process.env.npm_execpath,
    join(bin, "node_modules/npm/bin/npm-cli.js"),
    join(bin, "../lib/node_modules/npm/bin/npm-cli.js"),
    join(bin, "../share/nodejs/npm/bin/npm-cli.js"),
  ];
  const found = places.find((path) => path?.endsWith("npm-cli.js") && existsSync(path));
  if (found === undefined) throw new Error(`npm was not found beside ${process.execPath}; run this by "npm run"`);
  return found;
}
