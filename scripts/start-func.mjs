// `npm run start:func [-- --hosting ownEngine|extension] [-- options of func]`: starts the root app with Azure Functions Core
// Tools, if they are there. Without a storage account it brings Azurite, as `durable start` does.
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const missing = `Azure Functions Core Tools are not installed: there is no 'func' on the PATH.

  npm install -g azure-functions-core-tools@4    (its install script downloads them from cdn.functions.azure.com)
  https://learn.microsoft.com/azure/azure-functions/functions-run-local   (other ways)

Without them the same app runs with: npm start
`;

/** `undefined` when there is none. npm puts the folders of installed packages on the PATH. */
function findFunc() {
  const names = process.platform === "win32" ? ["func.cmd", "func.exe"] : ["func"];
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
}

/** Takes `--hosting` out of the arguments. */
function readArguments(args) {
  const at = args.findIndex((arg) => arg === "--hosting" || arg.startsWith("--hosting="));
  if (at < 0) return { hosting: "ownEngine", rest: args };
  const isApart = args[at] === "--hosting";
  const hosting = isApart ? args[at + 1] : args[at].slice("--hosting=".length);
  return { hosting, rest: args.toSpliced(at, isApart ? 2 : 1) };
}

/** A folder beside the app with a host.json that asks for the Durable extension; all else is the app's. */
function writeExtensionApp() {
  const folder = join(root, ".durable", "func-extension");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const hostJson = JSON.parse(readFileSync(join(root, "host.json"), "utf8"));
  const extensionBundle = { id: "Microsoft.Azure.Functions.ExtensionBundle", version: "[4.36.0, 5.0.0)" };
  // What the engine of this package keeps in a hub is not for the extension to go on with in the middle of a session.
  const hubName = `${hostJson.extensions?.durableTask?.hubName ?? "TestHubName"}Ext`;
  const durableTask = { ...hostJson.extensions?.durableTask, hubName };
  const extensions = { ...hostJson.extensions, durableTask };
  writeFileSync(join(folder, "host.json"), JSON.stringify({ ...hostJson, extensionBundle, extensions }, undefined, 2));
  for (const name of ["package.json", "local.settings.json"]) {
    if (existsSync(join(root, name))) copyFileSync(join(root, name), join(folder, name));
  }
  for (const name of ["dist", "node_modules"]) symlinkSync(join(root, name), join(folder, name), "junction");
  return folder;
}

function hasStorage() {
  if (process.env.AzureWebJobsStorage) return true;
  try {
    return Boolean(JSON.parse(readFileSync(join(root, "local.settings.json"), "utf8")).Values?.AzureWebJobsStorage);
  } catch {
    return false;
  }
}

async function main() {
  const { hosting, rest } = readArguments(process.argv.slice(2));
  if (hosting !== "ownEngine" && hosting !== "extension") {
    process.stderr.write(
      "--hosting must be 'ownEngine' (the engine of this package) or 'extension' (the Durable extension)\n",
    );
    return 3;
  }
  const func = findFunc();
  if (func === undefined) {
    process.stderr.write(missing);
    return 1;
  }
  const folder = hosting === "ownEngine" ? root : writeExtensionApp();
  const env = { ...process.env, DURABLE_HOSTING: hosting };
  let store;
  if (!hasStorage()) {
    const { openLocalStore } = await import("../dist/hosting/local-stores.js");
    store = await openLocalStore(resolve(root), (text) => process.stdout.write(`${text}\n`));
    env.AzureWebJobsStorage = store.connectionString;
  }
  const child = spawn(func, ["start", ...rest], {
    cwd: folder,
    env,
    stdio: "inherit",
    shell: process.platform === "win32",
  });
  // A terminal sends Ctrl+C to func too, so that this process only has to wait for it.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  const code = await new Promise((done) => {
    child.once("error", (error) => {
      process.stderr.write(`${func} could not be started: ${error.message}\n`);
      done(1);
    });
    child.once("exit", (exitCode) => done(exitCode ?? 1));
  });
  await store?.stop();
  return code;
}

process.exit(await main());
