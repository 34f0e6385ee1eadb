import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { messageOf } from "../../core/errors.ts";
import type { Terminal } from "../terminal.ts";
import { completeLines, completeManifest } from "./completed-files.ts";
import type { InitOptions } from "./init-options.ts";
import { gitignored, projectFiles, projectManifest } from "./project-files.ts";

/** This package, as its package.json has it. */
export interface InitProduct {
  readonly name: string;
  readonly version: string;
  readonly engines?: { readonly node?: string };
  /** The versions that it is tested with. */
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** `durable init`: writes a new app, or says which files are in its way. Resolves to the exit code. */
export async function runInit(options: InitOptions, product: InitProduct, terminal: Terminal): Promise<number> {
  const { folder, language, force } = options;
  const project = { name: basename(folder), language, versions: versionsOf(options, product) };
  const files = new Map(projectFiles(project));
  const inTheWay: string[] = [];
  if (!force) for (const path of files.keys()) if (await isThere(join(folder, path))) inTheWay.push(path);

  const manifest = completeManifest(await readIfThere(join(folder, "package.json")), projectManifest(project), force);
  if (manifest.kind === "text") files.set("package.json", manifest.text);
  else inTheWay.push(`package.json (${manifest.members.join(", ")})`);
  files.set(".gitignore", completeLines(await readIfThere(join(folder, ".gitignore")), gitignored(language)));
  if (inTheWay.length > 0) {
    terminal.fail(`Nothing was written: in ${folder} there is already`);
    for (const path of inTheWay) terminal.fail(`  ${path}`);
    terminal.fail("Take another folder, or --force to write over them.");
    return 1;
  }

  try {
    for (const [path, text] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
  } catch (error) {
    terminal.fail(`The app cannot be written into ${folder}: ${messageOf(error)}`);
    return 1;
  }
  const place = relative(process.cwd(), folder);
  for (const path of [...files.keys()].sort()) terminal.print(`  ${terminal.paint("green", join(place, path))}`);
  terminal.print("");
  terminal.print("Next:");
  if (place !== "") terminal.print(`  cd ${/\s/.test(place) ? `"${place}"` : place}`);
  terminal.print("  npm install");
  terminal.print("  npm test");
  terminal.print("  npm run dev");
  return 0;
}

/** A tarball is named as npm does: by its path from the folder. */
function versionsOf(
  { folder, package: chosen }: InitOptions,
  { name, version, engines, devDependencies = {} }: InitProduct,
): Readonly<Record<string, string>> {
  const isTarball = chosen !== undefined && /\.t(?:ar\.)?gz$/.test(chosen);
  const own = isTarball ? `file:${relative(folder, chosen).split(sep).join("/")}` : (chosen ?? `^${version}`);
  return { ...devDependencies, ...(engines?.node !== undefined && { node: engines.node }), [name]: own };
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function readIfThere(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch(() => undefined);
}
