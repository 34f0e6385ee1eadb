import { isBuiltin } from "node:module";
import { messageOf } from "../core/errors.ts";
import { resolveDurableTaskSettings } from "../host/settings/durable-task-settings.ts";
import { memberOf, parseHostJson, sectionOf } from "../host/settings/host-json.ts";
import { ruleAgainst } from "./ignore-rules.ts";
import { isInNodeRange } from "./node-range.ts";
import { error, note, type PackFinding, warning } from "./pack-finding.ts";
import type { PackageManifest, PackFolder } from "./pack-folder.ts";
import { checkPackages } from "./pack-packages.ts";

const mebibyte = 1024 * 1024;
/** A package is copied and opened at every cold start. */
const largeBytes = 150 * mebibyte;
/** What the smallest plans have room for. */
const tooLargeBytes = 1024 * mebibyte;
/** Versions of Node.js that Azure Functions runs, which this package runs on too. */
const hostedNodes = [
  [20, 19, 5],
  [22, 20, 0],
  [24, 10, 0],
] as const;

/** What is wrong with an app, were it deployed as it lies there. */
export function checkPack(folder: PackFolder): readonly PackFinding[] {
  const { manifest } = folder;
  const findings = [...checkHostJson(folder.hostJson), ...checkLeftOut(folder), ...checkSize(folder)];
  if (manifest === undefined) return [...findings, error("package.json", "is missing")];
  if (typeof manifest === "string") return [...findings, error("package.json", `is not JSON: ${manifest}`)];
  return [
    ...findings,
    ...checkMain(folder, manifest),
    ...checkNode(manifest),
    ...checkImports(folder, manifest),
    ...checkPackages(folder, manifest),
  ];
}

function checkHostJson(text: string | undefined): readonly PackFinding[] {
  if (text === undefined) return [error("host.json", "is missing: the folder is not a functions app")];
  try {
    const hostJson = parseHostJson(text);
    const referred = [...JSON.stringify(sectionOf(hostJson, "extensions", "durableTask")).matchAll(/%([^%"]+)%/g)];
    const names = referred.map((match) => match[1]!);
    // What the settings will hold is for Azure to know.
    const env = Object.fromEntries(names.map((name) => [name, "Setting"]));
    const { connectionName, unused } = resolveDurableTaskSettings(hostJson, env, { processorCount: 1 });
    const storage = connectionName === "Setting" ? "that host.json refers to" : `'${connectionName}'`;
    const findings = [
      note(
        "host.json",
        `the app setting ${storage} must name the storage account, by a connection string or by an identity`,
      ),
      ...unused.map(({ text }) => note("host.json", text.replace(/^host\.json: /, ""))),
      ...names.map((name) => note("host.json", `refers to the app setting '${name}', which must be there`)),
    ];
    if (memberOf(hostJson, "extensionBundle") === undefined) return findings;
    const bundle =
      "has an extension bundle, and with it the Durable extension: the page on deployment says what runs then";
    return [...findings, note("host.json", bundle)];
  } catch (problem) {
    return [error("host.json", messageOf(problem))];
  }
}

function checkMain({ entryFiles, files, rules }: PackFolder, { main }: PackageManifest): readonly PackFinding[] {
  if (typeof main !== "string" || main === "") {
    return [error("package.json", 'names no "main": it must match the built modules that register functions')];
  }
  if (entryFiles.length === 0) {
    return [
      error("package.json", `"main" is ${JSON.stringify(main)}, and no file matches it: has the app been built?`),
    ];
  }
  const findings = entryFiles.flatMap((file): PackFinding[] => {
    if (!files.has(file)) {
      const rule = ruleAgainst(file, rules)?.text ?? "";
      return [error(file, `is named by "main" and left out of the package by '${rule}' of .funcignore`)];
    }
    return /\.[cm]?js$/.test(file) ? [] : [error(file, 'is named by "main", but the host loads JavaScript only')];
  });
  return findings;
}

function checkNode({ engines }: PackageManifest): readonly PackFinding[] {
  const range = engines?.node;
  if (typeof range !== "string") return [];
  const answers = hostedNodes.map((version) => isInNodeRange(version, range));
  if (answers.some((answer) => answer !== false)) return [];
  const text = `"engines" asks for Node.js ${range}, which Azure Functions does not have: it has 20, 22 and 24`;
  return [error("package.json", text)];
}

function checkImports({ imports, packages }: PackFolder, manifest: PackageManifest): readonly PackFinding[] {
  const { dependencies = {}, devDependencies = {}, optionalDependencies = {}, peerDependencies = {} } = manifest;
  return [...imports].flatMap(([name, file]): PackFinding[] => {
    if (isBuiltin(name) || name === "@azure/functions-core" || name === manifest.name) return [];
    if (name in dependencies || name in optionalDependencies || name in peerDependencies) return [];
    if (name in devDependencies) {
      return [
        error(file, `imports '${name}', which is in "devDependencies" only: an install for production leaves it out`),
      ];
    }
    if (packages.has(`node_modules/${name}`)) {
      return [
        warning(file, `imports '${name}', which package.json does not name: it is there because another needs it`),
      ];
    }
    return [error(file, `imports '${name}', which is not installed and not named by package.json`)];
  });
}

function checkLeftOut({ files, hasFuncIgnore, hasLocalSettings, rules, links }: PackFolder): PackFinding[] {
  const findings: PackFinding[] = [];
  if (!hasFuncIgnore) {
    findings.push(warning(".funcignore", "is missing: all that lies in the folder is deployed, sources and tests too"));
  }
  if (hasLocalSettings && ruleAgainst("local.settings.json", rules) === undefined) {
    const text =
      "holds secrets and is kept out by func only: name it in .funcignore, and in .dockerignore for an image";
    findings.push(error("local.settings.json", text));
  }
  const some = (pattern: RegExp) => [...files.keys()].find((path) => pattern.test(path));
  const secrets = some(/^\.env(?:\.|$)/);
  if (secrets !== undefined) findings.push(error(secrets, "is deployed, and may hold secrets: name it in .funcignore"));
  const keys = some(/^\.durable\/keys\.json/);
  if (keys !== undefined) findings.push(error(keys, "holds the keys of the host: name .durable in .funcignore"));
  const store = some(/^\.durable\/|^__(?:azurite|blobstorage|queuestorage)/);
  if (store !== undefined && keys === undefined)
    findings.push(warning(store, "is data of the local store: name its folder in .funcignore"));
  const source = some(/^(?!node_modules\/)(?!.*\/node_modules\/).*(?<!\.d)\.[cm]?ts$/);
  if (source !== undefined)
    findings.push(warning(source, "is a source that nothing reads there: name it in .funcignore"));
  const native = some(/\.node$/);
  if (native !== undefined) {
    findings.push(warning(native, "is machine code: install on the system that it is deployed to, or build remotely"));
  }
  const link = links[0];
  if (link !== undefined) {
    const text = `is a link (one of ${links.length}): func copies what it leads to, an archive may not`;
    findings.push(warning(link, text));
  }
  return findings;
}

function checkSize({ files }: PackFolder): readonly PackFinding[] {
  const bytes = [...files.values()].reduce((sum, size) => sum + size, 0);
  const text = `${files.size} files, ${(bytes / mebibyte).toFixed(1)} MiB before compression`;
  if (bytes > tooLargeBytes) return [error("package", `${text}: too large for most plans`)];
  return [bytes > largeBytes ? warning("package", `${text}: cold starts will be slow`) : note("package", text)];
}
