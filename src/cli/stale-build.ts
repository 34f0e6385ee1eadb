import { readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { readTsConfig } from "./dev/tsconfig.ts";

/**
 * A source of the app that was changed after it was built, by its path in the folder; `undefined` when there is none, and
 * where tsconfig.json does not say which file is built of which: it must have `rootDir` and `outDir`.
 */
export async function findStaleSource(appFolder: string): Promise<string | undefined> {
  // Whether a tsconfig.json makes sense is for the compiler to say.
  const { rootDir, outDir, noEmit = true } = (await readTsConfig(appFolder).catch(() => undefined)) ?? {};
  if (noEmit || rootDir === undefined || outDir === undefined) return undefined;
  for await (const source of sourcesBelow(rootDir, outDir)) {
    const built = join(outDir, relative(rootDir, source).replace(/ts$/, "js"));
    const [changedAt, builtAt] = await Promise.all([modifiedAt(source), modifiedAt(built)]);
    if (changedAt !== undefined && builtAt !== undefined && changedAt > builtAt) {
      return relative(appFolder, source).split(sep).join("/");
    }
  }
  return undefined;
}

async function* sourcesBelow(folder: string, outDir: string): AsyncGenerator<string> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const isOwn = entry.name !== "node_modules" && !entry.name.startsWith(".") && path !== outDir;
      if (isOwn) yield* sourcesBelow(path, outDir);
    } else if (/(?<!\.d)\.[mc]?ts$/.test(entry.name)) {
      yield path;
    }
  }
}

async function modifiedAt(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.mtimeMs;
}
