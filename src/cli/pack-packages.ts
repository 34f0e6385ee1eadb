import { ruleAgainst } from "./ignore-rules.ts";
import { error, type PackFinding, warning } from "./pack-finding.ts";
import type { PackageManifest, PackFolder } from "./pack-folder.ts";

/** What tools need and no app does, by name; each is named once with what it costs. */
const toolPackages: readonly string[] = ["azurite", "azure-functions-core-tools", "typescript", "vitest", "esbuild"];
const leastFunctionsVersion: readonly [number, number] = [4, 5];

/** Whether all packages that the app needs are installed, once where once is a must, and no more. */
export function checkPackages(folder: PackFolder, manifest: PackageManifest): readonly PackFinding[] {
  return [
    ...checkMissing(folder, manifest),
    ...checkFunctionsLibrary(folder, manifest),
    ...checkTools(folder, manifest),
  ];
}

/** Follows the dependencies from package to package, and looks for each where Node.js would. */
function checkMissing({ packages, rules }: PackFolder, manifest: PackageManifest): readonly PackFinding[] {
  const missing = new Map<string, string>();
  const seen = new Set<string>();
  const open: (readonly [folder: string, PackageManifest])[] = [["", manifest]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [folder, { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {}, optionalDependencies = {} }] =
      next;
    const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
    // What is optional too may be missing.
    const needed = [...Object.keys(dependencies), ...peers];
    for (const name of needed) {
      if (name in optionalDependencies) continue;
      const found = locate(name, folder, packages);
      if (found === undefined) {
        if (!missing.has(name)) missing.set(name, folder === "" ? "package.json" : folder);
      } else if (!seen.has(found)) {
        seen.add(found);
        open.push([found, packages.get(found)!]);
      }
    }
  }
  return [...missing].map(([name, by]) => {
    const rule = ruleAgainst(`node_modules/${name}/package.json`, rules);
    const cure =
      rule === undefined
        ? "not in node_modules: run npm ci --omit=dev before deploying, or build remotely"
        : `left out of the package by '${rule.text}' of .funcignore`;
    return error(name, `is needed by ${by} and ${cure}`);
  });
}

/** The folder of a package as modules of `from` find it. */
function locate(name: string, from: string, packages: ReadonlyMap<string, PackageManifest>): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/")))) {
    const candidate = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages.has(candidate)) return candidate;
    if (folder === "") return undefined;
  }
}

/** Each copy registers functions by itself, and the last one to do so serves all. */
function checkFunctionsLibrary({ packages }: PackFolder, manifest: PackageManifest): readonly PackFinding[] {
  const about = "@azure/functions";
  const isNamed = [manifest.dependencies, manifest.peerDependencies].some((named) => named?.[about] !== undefined);
  const copies = [...packages].filter(([folder]) => folder.endsWith(`node_modules/${about}`));
  if (copies.length === 0) {
    // A missing one that is named has been reported, and a bundle holds its own.
    if (isNamed) return [];
    const text = "is not in node_modules: unless it is bundled, no function can be registered";
    return [warning(about, text)];
  }
  const findings: PackFinding[] = [];
  if (!isNamed) {
    const text = 'is not in "dependencies" of package.json: an install for production may leave it out';
    findings.push(error(about, text));
  }
  if (copies.length > 1) {
    const text = `is installed ${copies.length} times, but must be there once: ${copies.map(([folder]) => folder).join(", ")}`;
    findings.push(error(about, text));
  }
  for (const [folder, { version = "" }] of copies) {
    const [major = 0, minor = 0] = version.split(".").map(Number);
    const [leastMajor, leastMinor] = leastFunctionsVersion;
    if (major === leastMajor && minor >= leastMinor) continue;
    const text = `is version ${version} in ${folder}: it must be ${leastMajor}.${leastMinor} or newer, and below ${leastMajor + 1}`;
    findings.push(error(about, text));
  }
  return findings;
}

function checkTools({ packages, files }: PackFolder, manifest: PackageManifest): readonly PackFinding[] {
  const findings: PackFinding[] = [];
  for (const name of toolPackages) {
    const isNamed = manifest.dependencies?.[name] !== undefined;
    if (isNamed && name === "azurite") {
      const text =
        'is in "dependencies", but is for development only: a Function App keeps its hub in a storage account';
      findings.push(error(name, text));
    } else if (packages.has(`node_modules/${name}`)) {
      const size = sizeBelow(`node_modules/${name}/`, files);
      const text = `is deployed (${size} MiB) and not needed there: run npm prune --omit=dev, or name it in .funcignore`;
      findings.push(warning(name, text));
    }
  }
  return findings;
}

function sizeBelow(folder: string, files: ReadonlyMap<string, number>): string {
  const bytes = [...files].reduce((sum, [path, size]) => (path.startsWith(folder) ? sum + size : sum), 0);
  return (bytes / (1024 * 1024)).toFixed(1);
}
