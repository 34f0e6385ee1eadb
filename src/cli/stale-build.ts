import { stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { glob } from "tinyglobby";
import { readTsConfig } from "./dev/tsconfig.ts";

/**
 * A source of the app that was changed after it was built, by its path in the folder; `undefined` when there is none, and
 * where tsconfig.json does not say which file is built of which: it must have `rootDir` and `outDir`.
 */
export async function findStaleSource(appFolder: string): Promise<string | undefined> {
  const { rootDir, outDir, noEmit = true } = (await readTsConfig(appFolder)) ?? {};
  if (noEmit || rootDir === undefined || outDir === undefined) return undefined;
  const ignore = ["**/*.d.{ts,mts,cts}", "**/node_modules/**", `${relative(rootDir, outDir).split(sep).join("/")}/**`];
  for (const source of await glob("**/*.{ts,mts,cts}", { cwd: rootDir, ignore })) {
    const [changed, built] = await Promise.all([
      modifiedAt(join(rootDir, source)),
      modifiedAt(join(outDir, source.replace(/ts$/, "js"))),
    ]);
    if (changed !== undefined && built !== undefined && changed > built) {
      return relative(appFolder, join(rootDir, source)).split(sep).join("/");
    }
  }
  return undefined;
}

async function modifiedAt(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mtimeMs;
}
