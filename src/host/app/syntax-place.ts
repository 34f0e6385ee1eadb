import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Each costs the start of a process. */
const maxChecked = 100;

/**
 * Where in the modules of an app a syntax error is: file, line and a mark below it. Node knows, and tells nobody but
 * those who let the error end their process; so it is asked to check one file after the other, which runs none of them.
 *
 * @param entry the file that could not be loaded, for what it imports itself
 * @returns `undefined` when no file is found to be wrong
 */
export async function findSyntaxPlace(entry: string): Promise<string | undefined> {
  const files = [entry];
  for (let index = 0; index < files.length && index < maxChecked; index++) {
    const file = files[index]!;
    const text = await readFile(file, "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const complaint = await checkSyntax(file);
    if (complaint !== undefined) return complaint;
    for (const [, path] of text.matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*["'](\.{1,2}\/[^"']+\.[mc]?js)["']/g)) {
      const imported = resolve(dirname(file), path!);
      if (!files.includes(imported)) files.push(imported);
    }
  }
  return undefined;
}

/** What Node prints about a file, up to the error. */
function checkSyntax(file: string): Promise<string | undefined> {
  // A debugger and loaders of the app are not meant for it.
  const { NODE_OPTIONS: _options, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, ["--check", file], { env }, (error, _stdout, stderr) => {
      const [shown] = /^[\s\S]*?^\w*SyntaxError: .*$/m.exec(stderr) ?? [];
      resolve(error === null ? undefined : shown);
    });
  });
}
