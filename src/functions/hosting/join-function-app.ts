import az from "@azure/functions";
import type { LogLevel } from "../../core/ports.ts";
import { appFolderOf, readAppFiles } from "./app-files.ts";
import { FunctionApp, type HostedApp, type WriteLine } from "./function-app.ts";
import { type FunctionsCore, findFunctionsCore } from "./functions-core.ts";

/** The app of the process. Copies of this package meet under a global symbol; its number changes with the shape. */
const functionAppKey = Symbol.for("durable-functions-ts.function-app.1");

/**
 * Makes a `DFApp` a part of the Functions app that this process runs.
 *
 * @returns `false` when no worker of a Functions host runs this process
 */
export function joinFunctionApp(app: HostedApp): boolean {
  const core = findFunctionsCore();
  if (core === undefined) return false;
  const globals = globalThis as { [functionAppKey]?: Pick<FunctionApp, "add"> };
  globals[functionAppKey] ??= openFunctionApp(core);
  globals[functionAppKey].add(app);
  return true;
}

function openFunctionApp(core: FunctionsCore): FunctionApp {
  const app = new FunctionApp({
    env: () => process.env,
    appFolder: () => appFolderOf(process.env, process.cwd()),
    readFiles: readAppFiles,
    log: createWorkerLog(core),
    // Lazy: one of them is needed, and none where no Functions host runs the process.
    runExtension: async (request) => (await import("../extension/run-in-extension.ts")).runInExtension(request),
    runOwnEngine: async (request) => (await import("./own-engine.ts")).runOwnEngine(request),
  });
  az.app.hook.appStart(() => app.start());
  az.app.hook.appTerminate(() => app.stop());
  return app;
}

const levelNames: Readonly<Record<LogLevel, string>> = {
  trace: "trace",
  debug: "debug",
  info: "information",
  warn: "warning",
  error: "error",
};

/** To the log of the host, by what the worker has for it: hooks have no log of their own. */
function createWorkerLog(core: FunctionsCore): WriteLine {
  return ({ level, message }) => {
    const line = `durable-functions-ts: ${message}`;
    if (core.log !== undefined) return core.log(levelNames[level], "user", line);
    const stream = level === "error" ? process.stderr : process.stdout;
    stream.write(`${line}\n`);
  };
}
